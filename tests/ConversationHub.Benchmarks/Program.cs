using BenchmarkDotNet.Running;
using ConversationHub.Benchmarks.FirstLight;
using ConversationHub.Benchmarks.Router;

string[] known = ["first-light", "router"];
switch (args)
{
    case ["first-light", var hub, var backend, var typescript]:
        await FirstLightBenchmark.RunAsync(hub, backend, typescript, Console.Out);
        return 0;
    case ["router"]:
        BenchmarkRunner.Run<RouterOverhead>();
        return 0;
    default:
        Console.Error.WriteLine($"Which benchmark? One of: {string.Join(", ", known)}. See README.md beside this project.");
        return 2;
}
