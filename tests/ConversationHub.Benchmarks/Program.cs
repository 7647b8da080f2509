using ConversationHub.Benchmarks.FirstLight;

string[] known = ["first-light"];
switch (args)
{
    case ["first-light", var hub, var backend, var typescript]:
        await FirstLightBenchmark.RunAsync(hub, backend, typescript, Console.Out);
        return 0;
    default:
        Console.Error.WriteLine($"Which benchmark? One of: {string.Join(", ", known)}. See README.md beside this project.");
        return 2;
}
