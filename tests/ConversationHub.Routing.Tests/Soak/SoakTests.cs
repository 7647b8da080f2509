using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace ConversationHub.Routing.Tests.Soak;

/// <summary>
/// Very many faulty calls through one router on real sockets: whatever was abandoned is gone in the end.
/// <c>MAESTRA_SOAK_CALLS=100000 dotnet test tests/ConversationHub.Routing.Tests --filter SoakTests</c> is the long form.
/// </summary>
[Collection(Alone.Name)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int ShortForm = 2_000;
    private const int InFlight = 32;

    /// <summary>One call in so many is cancelled by its caller.</summary>
    private const int CancelledOneIn = 20;

    private const int MaxHandlesMore = 8;
    private const int MaxTimersMore = 8;
    private const long MaxBytesMore = 1024 * 1024;

    /// <summary>Of the test's own server and of connections that are kept, which come and go.</summary>
    internal const int MaxTasksMore = 8;

    /// <summary>What an answer may come later than its budget, beyond what the machine was late with everything else.</summary>
    private static readonly TimeSpan Lateness = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan ControlStep = TimeSpan.FromMilliseconds(5);

    private static readonly byte[] Body = """{"user_id":"ada","surface_id":"soak","conversation_id":"main","message":"hi"}"""u8.ToArray();

    private readonly IdSource _ids = new(TimeProvider.System);
    private readonly ConcurrentDictionary<string, int> _outcomes = new();
    private readonly ConcurrentQueue<string> _late = new();
    private LatenessControl? _control;
    private TimeSpan _latest;

    [Theory]
    [InlineData(null, false)]
    [InlineData(20, true)]
    public async Task AskAsync_VeryManyFaultyCalls_AreInTimeAndLeaveNoConnectionTimerTaskOrMemoryBehind(int? hedgeMilliseconds, bool streams)
    {
        var calls = int.Parse(Environment.GetEnvironmentVariable("MAESTRA_SOAK_CALLS") ?? $"{ShortForm}", CultureInfo.InvariantCulture);
        ActiveTasks.Watch();
        await using var local = new SoakBackend(seed: 1, streams);
        await using var cloud = new SoakBackend(seed: 2, streams);
        var services = NewRouter(local, cloud, hedgeMilliseconds);
        var router = services.GetRequiredService<IQuestionRouter>();

        // The first tenth fills every cache and pool there is.
        await AskAsync(router, calls / 10, seed: 3);
        var (latestAtFirst, start) = (_latest, Held.Now(local.Server.Open + cloud.Server.Open));
        _latest = TimeSpan.Zero;
        _control = new LatenessControl(ControlStep);
        var watch = Stopwatch.StartNew();
        await AskAsync(router, calls, seed: 4);
        watch.Stop();
        await _control.DisposeAsync();
        var end = Held.Now(local.Server.Open + cloud.Server.Open);
        EndIdleConnections(services.GetRequiredService<IHttpMessageHandlerFactory>());
        await services.DisposeAsync();
        await Task.WhenAll(local.Server.DrainedAsync(), cloud.Server.DrainedAsync());
        var after = Held.Now(connections: 0);
        var underWay = ActiveTasks.Describe();
        ActiveTasks.StopWatching();

        output.WriteLine($"{calls} calls in {watch.Elapsed.TotalSeconds:0.0} s, {local.Server.Accepted + cloud.Server.Accepted} connections, {local.Server.Requests + cloud.Server.Requests} requests, latest {_latest.TotalMilliseconds:0} ms after its budget (of the first tenth, in code that was never run before: {latestAtFirst.TotalMilliseconds:0} ms)");
        output.WriteLine($"start: {start}\nend: {end}\nafter the router: {after}");
        output.WriteLine(string.Join(", ", _outcomes.OrderByDescending(each => each.Value).Select(each => $"{each.Key} {each.Value}")));
        Assert.InRange(end.Connections, 0, 2 * InFlight);
        Assert.InRange(end.Handles, 0, start.Handles + (4 * InFlight) + MaxHandlesMore);
        Assert.InRange(end.Timers, 0, start.Timers + MaxTimersMore);
        Assert.InRange(end.Bytes, 0, start.Bytes + MaxBytesMore);
        Assert.InRange(after.Handles, 0, start.Handles + MaxHandlesMore);
        Assert.InRange(after.Timers, 0, start.Timers + MaxTimersMore);
        CheckTasks(start, end, allowedMore: 4 * InFlight);
        Assert.True(after.Tasks <= start.Tasks + MaxTasksMore, $"{after.Tasks} tasks are left, {start.Tasks} were there at the start: {underWay}");
        Assert.True(_late.IsEmpty, $"{_late.Count} answers were late: {string.Join("; ", _late.Take(10))}");
        Assert.True(_outcomes.Count >= 8, "the faults did not reach the router");
    }

    /// <summary>Tasks of before that have not ended, and no more.</summary>
    internal static void CheckTasks(Held before, Held after, int allowedMore = 0) =>
        Assert.InRange(after.Tasks, 0, before.Tasks + allowedMore + MaxTasksMore);

    private static ServiceProvider NewRouter(SoakBackend local, SoakBackend cloud, int? hedgeMilliseconds) => new ServiceCollection()
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddRouting(new RoutingOptions
        {
            LocalUrl = local.Server.Url,
            CloudUrl = cloud.Server.Url,
            HedgeDelay = hedgeMilliseconds is { } delay ? TimeSpan.FromMilliseconds(delay) : null,
        })
        .BuildServiceProvider();

    /// <summary>They would end by themselves after 45 s. One that an attempt still holds stays open, and is found.</summary>
    private static void EndIdleConnections(IHttpMessageHandlerFactory handlers)
    {
        foreach (var target in Enum.GetValues<TargetName>())
        {
            var handler = handlers.CreateHandler(target.ToWire());
            while (handler is DelegatingHandler { InnerHandler: { } inner })
                handler = inner;
            handler.Dispose();
        }
    }

    private async Task AskAsync(IQuestionRouter router, int calls, int seed)
    {
        var left = calls;
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * InFlight) + worker);
            while (Interlocked.Decrement(ref left) >= 0)
                await AskOnceAsync(router, random);
        })));
    }

    private async Task AskOnceAsync(IQuestionRouter router, Random random)
    {
        var budget = TimeSpan.FromMilliseconds(random.Next(100, 400));
        using var cancel = random.Next(CancelledOneIn) == 0 ? new CancellationTokenSource(random.Next(1, 50)) : new CancellationTokenSource();
        var began = Stopwatch.GetTimestamp();
        try
        {
            var result = await router.AskAsync(NewQuestion(budget), cancel.Token);
            Count(result, budget, Stopwatch.GetElapsedTime(began), _control?.HeldUpSince(began + (long)(budget.TotalSeconds * Stopwatch.Frequency)));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _outcomes.AddOrUpdate("cancelled", 1, static (_, count) => count + 1);
        }
    }

    /// <param name="took">From the question until its answer was back with who asked.</param>
    /// <param name="heldUp">How late the machine was with other things since the budget was over; null: not measured yet.</param>
    private void Count(RoutingResult result, TimeSpan budget, TimeSpan took, TimeSpan? heldUp)
    {
        if (heldUp is { } others && took > budget + Lateness + others)
            _late.Enqueue($"{took.TotalMilliseconds:0} ms of {budget.TotalMilliseconds:0}, while timers were late by {others.TotalMilliseconds:0} ms");
        Assert.True((result.Reply is null) != (result.Error is null), "neither an answer nor an error, or both");
        foreach (var attempt in result.Attempts)
            _outcomes.AddOrUpdate(attempt.Outcome.ToWire(), 1, static (_, count) => count + 1);
        lock (_outcomes)
            _latest = took - budget > _latest ? took - budget : _latest;
    }

    private Question NewQuestion(TimeSpan budget) => new()
    {
        Endpoint = AskEndpoint.Core,
        Body = Body,
        OperationId = _ids.NewOperationId(),
        RequestId = _ids.NewRequestId(),
        Budget = budget,
    };
}
