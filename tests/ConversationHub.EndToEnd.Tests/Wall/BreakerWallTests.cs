using System.Diagnostics;
using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Several questions in one session: what the hub remembers of a backend, and how it finds out that it is back.</summary>
public sealed class BreakerWallTests
{
    private const string Skipped = "local skipped_open; cloud answered";

    /// <summary>Together with the 50 ms that <see cref="WallScore.CheckTime"/> gives everything: traffic is back within 500 ms.</summary>
    private static readonly TimeSpan BackWithin = TimeSpan.FromMilliseconds(450);

    /// <summary>Three deaths, fifteen questions while it is dead; it is back at once after each.</summary>
    [Fact]
    public Task Flapping_FifteenQuestions_AtMostThreeAttemptsReachTheDeadBackendNoneIsAProbeAndEachReturnIsSeen() => Pace.ProveAsync(async () =>
    {
        const int Deaths = 3;
        await using var wall = new WallRig();
        await using var hub = await wall.StartAsync();
        await using var control = await ControlProgram.BesideAsync();
        var told = new List<string>();

        Assert.Equal("local answered", WallScore.Attempts(await hub.AskAsync("alive")));
        for (var death = 1; death <= Deaths; death++)
        {
            await wall.Local.Proxy.RefuseAsync();
            told.AddRange((await hub.AskAsync(5, "dead")).Select(WallScore.Attempts));
            await BackAsync(wall, hub, control, death);
            Assert.Equal("local answered", WallScore.Attempts(await hub.AskAsync("alive")));
        }

        Assert.Equal(15, told.Count);
        Assert.All(told, attempts => Assert.EndsWith("cloud answered", attempts, StringComparison.Ordinal));
        Assert.InRange(told.Count(attempts => attempts != Skipped), 1, 3);
        Assert.Equal(Enumerable.Repeat("alive", Deaths + 1), wall.Local.Asks.Snapshot().Select(ask => ask.Json.String("message")));
        Assert.Equal(15, wall.Cloud.Asks.Snapshot().Count);
        Assert.All(wall.Local.Probes.Snapshot(), probe => Assert.Empty(probe.Body));
    });

    /// <summary>
    /// T24, by the probes that reach it: two of them are less than 500 ms apart, and one that succeeds is enough. The shortest of many
    /// distances counts, since a busy machine makes them longer and nothing makes them shorter.
    /// </summary>
    [Fact]
    public async Task LocalBack_WithoutAQuestion_IsUsedAgainWithin500Ms()
    {
        const int Distances = 5;
        await using var wall = new WallRig(Faults.Refuses);
        var healthy = wall.Local.OnHealth;
        var times = new Journal<long>();
        wall.Local.OnHealth = _ =>
        {
            times.Add(Stopwatch.GetTimestamp());
            return Chaos.Respond(CannedResponse.Problem(503, "overloaded", "Too busy"));
        };
        await using var hub = await wall.StartAsync();
        await hub.AskAsync();
        await wall.Local.Proxy.ListenAsync();
        await times.ItemAsync(Distances + 1);
        wall.Local.OnHealth = request =>
        {
            times.Add(Stopwatch.GetTimestamp());
            return healthy(request);
        };
        await hub.BreakerAsync("local", "closed");
        var probes = times.Snapshot();

        Assert.Equal("local answered", WallScore.Attempts(await hub.AskAsync()));
        Assert.InRange(probes.Zip(probes.Skip(1), Stopwatch.GetElapsedTime).Min(), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
        Assert.DoesNotContain(hub.Program.Error.Snapshot(), line => line.Contains("Target local is now half_open", StringComparison.Ordinal));
    }

    [Fact]
    public Task RetryAfterOneSecond_IsHeldForItAndUsedAgain() => Pace.ProveAsync(async () =>
    {
        await using var wall = new WallRig();
        wall.Local.Next(CannedResponse.Problem(503, "overloaded", "Too busy", ("Retry-After", "1")));
        await using var hub = await wall.StartAsync();

        var beforeIt = Stopwatch.GetTimestamp();
        var first = await hub.AskAsync();
        var second = await hub.AskAsync();
        var askedWithin = Stopwatch.GetElapsedTime(beforeIt);
        await wall.Local.Probes.ItemAsync(1);
        var firstProbe = Stopwatch.GetElapsedTime(beforeIt);
        await hub.BreakerAsync("local", "closed");

        Assert.Equal("local http_status 503 overloaded; cloud answered", WallScore.Attempts(first));
        if (askedWithin < TimeSpan.FromSeconds(1))
            Assert.Equal(Skipped, WallScore.Attempts(second));
        Assert.True(firstProbe >= TimeSpan.FromMilliseconds(990), $"probed after {firstProbe.TotalMilliseconds:0} ms");
        Assert.Equal("local answered", WallScore.Attempts(await hub.AskAsync()));
    });

    /// <summary>An hour is cut to a minute, which is still longer than this test: nothing but the first question reaches it.</summary>
    [Fact]
    public async Task RetryAfterOneHour_IsLeftAlone()
    {
        await using var wall = new WallRig(Faults.Problem(503, "overloaded", ("Retry-After", "3600")));
        await using var hub = await wall.StartAsync();

        await hub.AskAsync();
        var later = await hub.AskAsync(10);

        Assert.All(later, answer => Assert.Equal(Skipped, WallScore.Attempts(answer)));
        Assert.Single(wall.Local.Proxy.Requests);
        var health = await hub.HealthOfAsync("local");
        Assert.Equal(("open", "status 503"), (health.String("breaker"), health.String("breaker_cause")));
    }

    [Fact]
    public async Task HealthyButEveryAnswerBreaks_CostsTwoAttemptsAndThenIsLeftAlone()
    {
        await using var wall = new WallRig(Faults.ResetsAfterReading);
        var healthy = wall.Local.OnHealth;
        await using var hub = await wall.StartAsync();

        // Probes may come at any time between two questions; until they may succeed, health is held back.
        wall.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Problem(503, "overloaded", "Too busy"));
        var before = await hub.AskAsync(2);
        var opened = await hub.AskAsync();
        // Its health is fine, so two probes close the breaker: work, not health, decides what comes next.
        wall.Local.OnHealth = healthy;
        await hub.BreakerAsync("local", "closed");
        wall.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Problem(503, "overloaded", "Too busy"));
        var again = await hub.AskAsync(2);
        var flapping = await hub.AskAsync(5);

        Assert.All([.. before, .. again], answer => Assert.Equal("local reset?; cloud answered", WallScore.Attempts(answer)));
        Assert.All([opened, .. flapping], answer => Assert.Equal(Skipped, WallScore.Attempts(answer)));
        Assert.Equal(4, wall.Local.Asks.Snapshot().Count);
        Assert.Equal(10, wall.Cloud.Asks.Snapshot().Count);
    }

    [Fact]
    public async Task EveryBreakerOpen_EachIsTriedOnceDirectlyAndWhoIsBackAnswers()
    {
        await using var wall = new WallRig(Faults.Refuses, Faults.Refuses);
        await using var hub = await wall.StartAsync();

        var down = await hub.AskAsync(2);
        await wall.Cloud.Proxy.ListenAsync();
        var back = await hub.AskAsync();

        Assert.All(down, answer => Assert.Equal("local refused; cloud refused", WallScore.Attempts(answer)));
        Assert.Equal("cloud", back.String("served_by"));
    }

    [Fact]
    public async Task StateOfTheBreaker_Changes_IsLoggedOnceAndToldByHealthWithTimeAndCause()
    {
        await using var wall = new WallRig(Faults.Refuses);
        await using var hub = await wall.StartAsync();
        await hub.AskAsync(3);

        var open = await hub.HealthOfAsync("local");
        await wall.Local.Proxy.ListenAsync();
        await hub.BreakerAsync("local", "closed");
        var closed = await hub.HealthOfAsync("local");

        Assert.Equal(("open", "refused"), (open.String("breaker"), open.String("breaker_cause")));
        Assert.Equal(("closed", "probe succeeded"), (closed.String("breaker"), closed.String("breaker_cause")));
        Assert.True(string.CompareOrdinal(open.String("breaker_changed_at"), closed.String("breaker_changed_at")) < 0);
        Assert.Equal(2, hub.Program.Error.Snapshot().Count(line => line.Contains("Target local is now", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AnotherServiceOnThePort_IsNamedByHealthToo()
    {
        await using var wall = new WallRig(Faults.WebPage);
        wall.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Text(200, "<html>It works!</html>", "text/html"));
        await using var hub = await wall.StartAsync();

        await hub.AskAsync();

        var health = await hub.HealthOfAsync("local");
        Assert.Equal(("impostor", "open", "impostor"), (health.String("status"), health.String("breaker"), health.String("breaker_cause")));
    }

    [Fact]
    public async Task TwoHundredCallsInFlight_LocalDies_AreTwoHundredAnswersAskedOnceEach()
    {
        const int Calls = 200;
        await using var wall = new WallRig(Faults.SilentButAlive);
        await using var hub = await wall.StartAsync(timeoutSeconds: 55);
        var asking = Enumerable.Range(1, Calls).Select(number => hub.AskAsync($"question {number}")).ToList();
        await wall.Local.Asks.ItemAsync(Calls);

        await wall.Local.Proxy.RefuseAsync();

        var answers = await Task.WhenAll(asking);
        Assert.All(answers, answer => Assert.Equal("local reset?; cloud answered", WallScore.Attempts(answer)));
        var operations = answers.Select(answer => answer.String("operation_id")).Order().ToList();
        Assert.Equal(Calls, operations.Distinct().Count());
        Assert.Equal(operations, OperationsAt(wall.Local));
        Assert.Equal(operations, OperationsAt(wall.Cloud));
        Assert.Empty(hub.StrayLines);
    }

    /// <summary>Lets it return, and waits until the hub uses it again: in time, and from the second death on by two good probes.</summary>
    private static async Task BackAsync(WallRig wall, StdioMcpClient hub, LatenessControl control, int death)
    {
        var before = wall.Local.Probes.Snapshot().Count;
        var back = Stopwatch.GetTimestamp();
        await wall.Local.Proxy.ListenAsync();
        await hub.BreakerAsync("local", "closed", death);
        WallScore.CheckTime(BackWithin, Stopwatch.GetElapsedTime(back), control.HeldUpSince(back));
        Assert.Equal(death == 1 ? 1 : 2, wall.Local.Probes.Snapshot().Count - before);
    }

    private static IEnumerable<string?> OperationsAt(ScriptedBackend backend) => backend.Asks.Snapshot().Select(ask => ask.OperationId).Order();
}
