using System.Net;
using System.Text;
using ConversationHub.Store;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task Health_Local_HasEveryField_T1()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question());
        backend.Time.Advance(TimeSpan.FromSeconds(12.9));

        var reply = await backend.GetAsync("/health");

        var backendId = (string?)reply.Json["backend_id"];
        Assert.Matches("^local_sha256_[0-9a-f]{16}$", backendId);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(
            """{"status":"healthy","service":"maestra-backend","version":"2.0.0","brain_id":"maestra","uptime_seconds":12,"port":"""
            + $$$"""{{{backend.Url.Port}}},"timestamp":"2026-01-05T09:30:12.900000Z","dependencies":{"jh_brain":"not_configured","memory_hub":"not_configured","conversation_hub":"healthy","deep_research":"not_configured"},"mode":"local","backend_id":"{{{backendId}}}","build":"2.0.0","capabilities":["idempotency","stream"],"store":{"kind":"log","conversations":1,"last_commit":"2026-01-05T09:30:00.000000Z"}}""",
            reply.Text);
        Assert.InRange(Encoding.UTF8.GetByteCount(reply.Text), 1, 4096);
    }

    [Fact]
    public async Task Health_CloudWithoutKey_TellsNoNumbers_T6()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var stranger = await backend.GetAsync("/health");
        var known = await backend.GetAsync("/health", TestBackend.Key);
        var wrong = await backend.GetAsync("/health", "wrong-key-wrong-key");

        Assert.Equal((HttpStatusCode.OK, "cloud"), (stranger.Status, (string?)stranger.Json["mode"]));
        Assert.StartsWith("hosted_sha256_", (string?)stranger.Json["backend_id"], StringComparison.Ordinal);
        Assert.Null(stranger.Json["store"]!["conversations"]);
        Assert.Null(wrong.Json["store"]!["conversations"]);
        Assert.Equal(0, (int?)known.Json["store"]!["conversations"]);
    }

    /// <summary>Cloud mode without a database: the log, which who watches must be able to see, as only one replica may run on it.</summary>
    [Fact]
    public async Task Health_CloudWithoutADatabase_NamesTheLog()
    {
        await using var backend = await TestBackend.StartCloudOverStoreAsync();

        var reply = await backend.GetAsync("/health");

        Assert.Equal(("cloud", "healthy"), ((string?)reply.Json["mode"], (string?)reply.Json["status"]));
        Assert.Equal("log", (string?)reply.Json["store"]!["kind"]);
    }

    [Theory]
    [InlineData(StoreHealthState.Unavailable, HttpStatusCode.ServiceUnavailable, "unhealthy", "unhealthy")]
    [InlineData(StoreHealthState.Degraded, HttpStatusCode.OK, "degraded", "healthy")]
    public async Task Health_StoreIsNotWell_SaysSo_T30(StoreHealthState health, HttpStatusCode status, string overall, string hub)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Store.Health = health;

        var reply = await backend.GetAsync("/health");

        Assert.Equal((status, overall, hub), (reply.Status, (string?)reply.Json["status"], (string?)reply.Json["dependencies"]!["conversation_hub"]));
    }

    [Fact]
    public async Task TgifHealth_IsHealthWithItsFocus()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/tgif/health");

        Assert.Equal(("focus_coach", "maestra"), ((string?)reply.Json["focus"], (string?)reply.Json["brain_id"]));
    }
}
