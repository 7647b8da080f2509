using System.Globalization;
using BenchmarkDotNet.Running;
using ConversationHub.Benchmarks.Access;
using ConversationHub.Benchmarks.FirstLight;
using ConversationHub.Benchmarks.Large;
using ConversationHub.Benchmarks.Load;
using ConversationHub.Benchmarks.Router;
using ConversationHub.Benchmarks.Store;
using ConversationHub.Benchmarks.Sync;

string[] known = ["first-light", "call-cost", "start-methods", "backend-start-methods", "router", "store-http", "store-large", "load", "load-flat", "key-timing", "sync"];
switch (args)
{
    case ["first-light", var hub, var backend, var typescript, var dotnet, var empty]:
        await FirstLightBenchmark.RunAsync(hub, backend, typescript, dotnet, empty, Console.Out);
        return 0;
    case ["call-cost", var hub, var typescript]:
        await CallCost.RunAsync(hub, typescript, Console.Out);
        return 0;
    case ["start-methods", var hub, var list]:
        await StartMethods.RunAsync(hub, list);
        return 0;
    case ["backend-start-methods", var backend, var list]:
        await BackendStartMethods.RunAsync(backend, list);
        return 0;
    case ["key-timing", var trials]:
        return KeyTiming.Run(int.Parse(trials, CultureInfo.InvariantCulture), Console.Out);
    case ["router"]:
        BenchmarkRunner.Run<RouterOverhead>();
        return 0;
    case ["store-http", var backend, var peers]:
        await HttpWriteBenchmark.RunAsync(backend, peers, Console.Out);
        return 0;
    case ["store-large", var backend, var folder]:
        await LargeStoreBenchmark.RunAsync(backend, folder, Console.Out);
        return 0;
    case ["load", var backend, var peers, var minutes]:
        await LoadBenchmark.RunAsync(backend, peers, double.Parse(minutes, CultureInfo.InvariantCulture), Console.Out);
        return 0;
    case ["load-flat", var backend, var minutes, var perSecond]:
        await FlatLoadBenchmark.RunAsync(backend, int.Parse(minutes, CultureInfo.InvariantCulture), double.Parse(perSecond, CultureInfo.InvariantCulture), Console.Out);
        return 0;
    case ["sync", var backend, "visible"]:
        await SyncBenchmark.RunAsync(backend, "visible", 0, Console.Out);
        return 0;
    case ["sync", var backend, "tick", var conversations]:
        await SyncBenchmark.RunAsync(backend, "tick", int.Parse(conversations, CultureInfo.InvariantCulture), Console.Out);
        return 0;
    case ["sync", var backend, "reconcile", var messages]:
        await SyncBenchmark.RunAsync(backend, "reconcile", int.Parse(messages, CultureInfo.InvariantCulture), Console.Out);
        return 0;
    default:
        Console.Error.WriteLine($"Which benchmark? One of: {string.Join(", ", known)}. See README.md beside this project.");
        return 2;
}
