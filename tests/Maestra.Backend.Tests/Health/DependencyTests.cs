using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using Maestra.Backend.Health;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Health;

/// <summary>The dependency matrix, probed in the background (wire.md §5).</summary>
public sealed class DependencyTests
{
    [Fact]
    public void Report_BeforeTheFirstProbe_IsUnknownAndInOrder()
    {
        var board = new DependencyBoard(Settings(("jh_brain", null), ("memory_hub", "http://m"), ("deep_research", null), ("extra", "http://e")));

        Assert.Equal(
            ["jh_brain not_configured", "memory_hub unknown", "conversation_hub healthy", "deep_research not_configured", "extra unknown"],
            board.Report(storeIsUp: true).Select(entry => $"{entry.Key} {entry.Value}"));
    }

    [Fact]
    public async Task Health_DependencyFailsInEveryWayAndComesBack_IsDegradedMeanwhile()
    {
        await using var dependency = ChaosProxy.Start(Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "unhealthy" })));
        await using var backend = await TestBackend.StartLocalAsync(("MEMORY_HUB_URL", dependency.Url.ToString()));
        Assert.Equal("degraded", await ProbedAsync(backend, "unhealthy"));
        (ChaosBehaviour Behaviour, string State)[] rows =
        [
            (Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy" })), "healthy"),
            (Chaos.Respond(CannedResponse.Json(500, new JsonObject { ["status"] = "healthy" })), "unhealthy"),
            (Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy" })), "healthy"),
            (Chaos.ResetAfterRead, "unhealthy"),
            (Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy" })), "healthy"),
            (Chaos.Garbage(), "unhealthy"),
            (Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy" })), "healthy"),
            (Chaos.Respond(CannedResponse.Text(200, """{"status":"\ud800zzzz"}""", "application/json")), "unhealthy"),
            (Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy" })), "healthy"),
        ];
        foreach (var (behaviour, state) in rows)
        {
            dependency.Behaviour = behaviour;
            await AsleepAsync(backend);
            backend.Time.Advance(DependencyPatrol.Interval);

            Assert.Equal(state == "healthy" ? "healthy" : "degraded", await ProbedAsync(backend, state));
        }
    }

    [Fact]
    public async Task Health_DependencyHangs_AnswersAtOnceAndGivesItTwoSeconds()
    {
        await using var dependency = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        await using var backend = await TestBackend.StartLocalAsync(("MEMORY_HUB_URL", dependency.Url.ToString()));
        await dependency.RequestAsync(1);

        Assert.Equal("healthy", await ProbedAsync(backend, "unknown"));
        backend.Time.Advance(DependencyPatrol.ProbeTimeout);
        Assert.Equal("degraded", await ProbedAsync(backend, "unhealthy"));
    }

    [Fact]
    public async Task Health_SixteenLongNames_IsStillSmall_T1()
    {
        var names = string.Join(',', Enumerable.Range(10, 16).Select(number => $"a_name_of_thirty_two_characte_{number}=http://127.0.0.1:1/"));
        await using var backend = await TestBackend.StartLocalAsync(("MAESTRA_DEPENDENCIES", names));

        var reply = await backend.GetAsync("/health");

        Assert.Equal(20, reply.Json["dependencies"]!.AsObject().Count);
        Assert.InRange(Encoding.UTF8.GetByteCount(reply.Text), 1, 4096);
    }

    [Fact]
    public async Task Probes_Cloud_NeedNoKeyAndTellOneWord()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        backend.Store.Health = ConversationHub.Store.StoreHealthState.Unavailable;

        var live = await backend.GetAsync("/health/live");
        var ready = await backend.GetAsync("/health/ready");

        Assert.Equal((HttpStatusCode.OK, """{"status":"live"}"""), (live.Status, live.Text));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"store_unavailable"}"""), (ready.Status, ready.Text));
    }

    /// <summary>Waits for what the background finds; the overall state once it has.</summary>
    private static async Task<string?> ProbedAsync(TestBackend backend, string state)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            var health = (await backend.GetAsync("/health")).Json;
            if ((string?)health["dependencies"]!["memory_hub"] == state)
                return (string?)health["status"];
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits until the patrol sleeps for its whole interval.</summary>
    private static async Task AsleepAsync(TestBackend backend)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (!backend.Time.Waiting.Contains(DependencyPatrol.Interval))
        {
            await Task.Yield();
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private static SignalSettings Settings(params (string Name, string? Url)[] dependencies) => SignalSettings.None with
    {
        Dependencies = [.. dependencies.Select(dependency => new DependencySettings(dependency.Name, dependency.Url is null ? null : new Uri(dependency.Url)))],
    };
}
