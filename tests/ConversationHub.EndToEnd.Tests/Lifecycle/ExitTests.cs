using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;
using Xunit.Abstractions;

namespace ConversationHub.EndToEnd.Tests.Lifecycle;

/// <summary>
/// The hub ends when its client does, whatever it is doing (mcp.md §4). Each test prints how long it took;
/// <c>MAESTRA_EXIT_LIMIT_MS</c> makes the best time of a few tries a condition, twice as long for a dead parent, whom the watchdog
/// looks for every 500 ms.
/// </summary>
public sealed class ExitTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>The time is a property of the program, not of the machine's load: the best of so many counts.</summary>
    private const int MaxTries = 10;

    private static readonly string? Limit = Environment.GetEnvironmentVariable("MAESTRA_EXIT_LIMIT_MS");

    /// <summary>One hub started and ended before anything is measured: what the test's own code costs the first time is not the hub's.</summary>
    private static readonly Lazy<Task> WarmUp = new(WarmUpAsync);

    private readonly HubHome _home = new();
    private readonly ScriptedBackend _local = ScriptedBackend.Start();

    public enum State
    {
        Idle,
        CallsInFlight,
        OpenSubscription,
        BackendHung,
        OutputClosed,
        OutputNotRead,
    }

    public static TheoryData<State, LifecycleEvent> Everything
    {
        get
        {
            var rows = new TheoryData<State, LifecycleEvent>();
            foreach (var state in Enum.GetValues<State>())
            {
                foreach (var what in Enum.GetValues<LifecycleEvent>())
                    rows.Add(state, what);
            }

            return rows;
        }
    }

    public Task InitializeAsync() => Limit is null ? Task.CompletedTask : WarmUp.Value;

    public async Task DisposeAsync()
    {
        await _local.DisposeAsync();
        _home.Dispose();
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Serve_InAnyState_EndsWithItsClient(State state, LifecycleEvent what)
    {
        var best = double.PositiveInfinity;
        for (var attempt = 0; attempt == 0 || (attempt < MaxTries && best > LimitOf(what)); attempt++)
        {
            await using var hub = await EnterAsync(state);

            var (exitCode, took) = await hub.EndByAsync(what);

            output.WriteLine($"{state} | {what} | {took.TotalMilliseconds:0} ms");
            if (what != LifecycleEvent.ParentDies)
                Assert.Equal(0, exitCode);
            Assert.Empty(hub.Client.StrayLines);
            best = Math.Min(best, took.TotalMilliseconds);
        }

        Assert.InRange(best, 0, LimitOf(what));
    }

    [Fact]
    public async Task Serve_AWriteFails_EndsAlthoughInputStaysOpen()
    {
        await using var hub = await EnterAsync(State.OutputClosed);

        await hub.Client.SendAsync("tools/list");

        Assert.Equal(0, await hub.Client.Program.ExitAsync());
    }

    private static async Task WarmUpAsync()
    {
        using var home = new HubHome();
        foreach (var what in Enum.GetValues<LifecycleEvent>())
        {
            await using var hub = await HubInAShell.StartAsync(home, HubInAShell.Output.Read, McpEra.Handshake);
            await hub.EndByAsync(what);
        }
    }

    private static double LimitOf(LifecycleEvent what) => Limit is null
        ? double.PositiveInfinity
        : double.Parse(Limit, CultureInfo.InvariantCulture) * (what == LifecycleEvent.ParentDies ? 2 : 1);

    private async Task<HubInAShell> EnterAsync(State state)
    {
        if (state == State.BackendHung)
            _local.OnHealth = _ => Chaos.StallBeforeHeaders;
        _local.OnAsk = _ => Chaos.StallBeforeHeaders;

        var hub = await HubInAShell.StartAsync(
            _home,
            state switch
            {
                State.OutputClosed => HubInAShell.Output.ToOneLine,
                State.OutputNotRead => HubInAShell.Output.ToNobody,
                _ => HubInAShell.Output.Read,
            },
            state == State.OpenSubscription ? McpEra.Stateless : McpEra.Handshake,
            ("MAESTRA_LOCAL_URL", _local.Url.ToString()));
        switch (state)
        {
            case State.CallsInFlight or State.BackendHung:
                var before = _local.Asks.Snapshot().Count;
                await AskAsync(hub);
                await AskAsync(hub);
                await _local.Asks.ItemAsync(before + 2);
                break;
            case State.OpenSubscription:
                await hub.Client.SendAsync("subscriptions/listen", new JsonObject { ["notifications"] = new JsonObject { ["toolsListChanged"] = true } });
                await hub.Client.ResultAsync("tools/list");
                break;
            case State.OutputNotRead:
                // More answers than a pipe holds: the hub is stuck in a write.
                for (var call = 0; call < 40; call++)
                    await hub.Client.SendAsync("tools/list");
                break;
            default:
                break;
        }

        return hub;
    }

    private static Task<int> AskAsync(HubInAShell hub) =>
        hub.Client.SendAsync("tools/call", StdioMcpClient.ToolCall("maestra_ask", new JsonObject { ["message"] = "anyone there?" }));
}
