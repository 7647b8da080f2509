using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using ConversationHub.Testing.WireMock;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Erasures;

/// <summary>
/// An audit that cannot be read back is told of an erasure at least once (docs/decisions/0060): once when all goes well, and twice, under one
/// operation id, when the process is killed between the record and the note that it was made.
/// </summary>
public sealed class ErasureAuditElsewhereTests(WireMockServer receiver) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();

    private string State => _folder.Combine("state");

    private string PlaceFile => Path.Combine(State, "maestra_metrics.jsonl.place");

    public Task InitializeAsync()
    {
        receiver.Reset();
        receiver.StubText("POST", "/audit", 200, "ok", "text/plain");
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Erase_ThenStopped_IsAccountedForOnce()
    {
        await EraseAsync();

        await StartAndStopAsync();

        Assert.Single(Erasures());
    }

    [Fact]
    public async Task Erase_ThenKilledBeforeItWasNoted_IsAccountedForTwiceUnderOneId()
    {
        var place = await EraseAsync();
        await File.WriteAllBytesAsync(PlaceFile, place);

        await StartAndStopAsync(2);

        var erasures = Erasures();
        Assert.Equal([null, "found_later"], erasures.Select(static one => (string?)one["details"]!["reason"]));
        Assert.Single(erasures.Select(static one => Assert.IsType<string>((string?)one["details"]!["operation_id"])).Distinct());
    }

    /// <returns>The place as it was before the process stopped: what a kill leaves.</returns>
    private async Task<byte[]> EraseAsync()
    {
        await using var backend = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question("What changed?", "main"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.DeleteAsync("/conversations/main")).Status);
        return await File.ReadAllBytesAsync(PlaceFile);
    }

    /// <param name="erasures">How many records there must be before it stops.</param>
    private async Task StartAndStopAsync(int erasures = 1)
    {
        await using var backend = await StartAsync();
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (Erasures().Count < erasures)
            await Task.Delay(5, limit.Token);
    }

    private List<JsonObject> Erasures() =>
        [.. receiver.Requests.Select(static request => request.Json).Where(static record => (string?)record["event"] == "conversation_erased")];

    private Task<TestBackend> StartAsync() => TestBackend.StartPeerAsync(
        _time, (SettingNames.Mode, "local"), (SettingNames.ConversationRoot, _folder.Combine("conversations")), (SettingNames.StateRoot, State),
        (SettingNames.AuditSinks, "webhook"), (SettingNames.AuditWebhook, new Uri(receiver.Url, "/audit").ToString()));
}
