using System.Globalization;
using ConversationHub.Store.CrashHarness;

// store-crash-harness run ROUNDS SEED    kills a writing child ROUNDS times and checks what is left; exit code 1 when anything is wrong
// store-crash-harness write              the child: is told a folder on standard input, then writes until it is killed,
//                                        one line of output for each acknowledged write
switch (args)
{
    case ["write"]:
        Writer.LoadCode();
        if (await Console.In.ReadLineAsync() is { } root)
            await Writer.RunAsync(root);
        return 0;
    case ["run", var rounds, var seed]:
        return await Rounds.RunAsync(
            int.Parse(rounds, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture), Console.Out, Console.Error) ? 0 : 1;
    default:
        await Console.Error.WriteLineAsync("Usage: store-crash-harness run ROUNDS SEED | write");
        return 2;
}
