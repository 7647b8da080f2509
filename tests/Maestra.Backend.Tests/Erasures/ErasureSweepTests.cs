using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Sync;

namespace Maestra.Backend.Tests.Erasures;

/// <summary>
/// What belongs to an erasure outside the store goes, whatever kills the process after the erasure is durable (docs/decisions/0060). The kill is
/// an observer that throws before all others: what is on the disk then is what a kill at that place leaves.
/// </summary>
public sealed class ErasureSweepTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly SyncRig _rig = new();

    private string State => _folder.Combine("state");

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/conversations/main", "conversation_erased", "other")]
    [InlineData("/users/ada", "user_erased", "")]
    public async Task Erase_KilledBeforeAnybodyWasTold_IsFinishedAtTheNextStartOnce_T48(string path, string record, string left)
    {
        await using (var backend = await StartAsync())
        {
            await AskAsync(backend, "main");
            await AskAsync(backend, "other");
            backend.Observer.Kills = true;
            Assert.Equal(HttpStatusCode.InternalServerError, (await backend.DeleteAsync(path)).Status);
        }

        Assert.Equal(2, Lines(State).Count);
        Assert.Empty(Erasures(State));

        // Whoever was erased comes back, and that stays.
        await using (var backend = await StartAsync())
        {
            await UntilAsync(() => Lines(State).SequenceEqual(left.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
            _time.WallOffset = TimeSpan.FromHours(1);
            await AskAsync(backend, "later");
        }

        await using (await StartAsync())
            await UntilAsync(() => Lines(State).Contains("later"));
        var found = Assert.Single(Erasures(State));
        Assert.Equal((record, "system", "found_later"), ((string?)found["event"], (string?)found["actor"], (string?)found["details"]!["reason"]));
    }

    /// <summary>In local mode a conversation is everybody's: a line of somebody else names it too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Erase_OfAUser_TakesTheLinesOfOthersInTheConversationsThatWentWithIt_T48(bool isKilled)
    {
        await using (var backend = await StartAsync())
        {
            await AskAsync(backend, "main");
            await AskAsync(backend, "main", "bob");
            await AskAsync(backend, "kept", "bob");
            backend.Observer.Kills = isKilled;
            await backend.DeleteAsync("/users/ada");
            Assert.Equal(HttpStatusCode.Gone, (await backend.GetAsync("/conversations/main")).Status);
        }

        await using (await StartAsync())
            await UntilAsync(() => !isKilled || Lines(State).Count == 1);
        Assert.Equal(["kept"], Lines(State));
    }

    [Fact]
    public async Task Erase_ToldInTime_IsNotToldAgainByAnyLook()
    {
        await using (var backend = await StartAsync())
        {
            await AskAsync(backend, "main");
            var told = new TaskCompletionSource();
            backend.Observer.Holds = told.Task;
            var erasing = backend.DeleteAsync("/conversations/main");
            using var limit = new CancellationTokenSource(TestTimeouts.Signal);
            while (backend.Acts.IsEmpty)
                await Task.Delay(5, limit.Token);

            // Looks come while the others are still to be told.
            for (var look = 0; look < 3; look++)
                _time.Advance(TimeSpan.FromSeconds(10));
            told.SetResult();
            Assert.Equal(HttpStatusCode.OK, (await erasing).Status);
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        await using (await StartAsync())
            _time.Advance(TimeSpan.FromSeconds(70));
        Assert.Equal("local", (string?)Assert.Single(Erasures(State))["actor"]);
        Assert.Empty(Lines(State));
    }

    /// <summary>A request that broke in between, in a process that lives on.</summary>
    [Fact]
    public async Task Erase_NobodyWasToldAndTheProcessLivesOn_IsFinishedWithinAMinute()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "main");
        backend.Observer.Kills = true;
        await backend.DeleteAsync("/conversations/main");

        await UntilAsync(() => Lines(State).Count == 0, () => _time.Advance(TimeSpan.FromSeconds(10)));

        await backend.DisposeAsync();
        Assert.Single(Erasures(State));
    }

    [Fact]
    public async Task Retention_KilledBeforeAnybodyWasTold_IsFinishedAtTheNextStart()
    {
        await using (var backend = await StartAsync((SettingNames.RetentionDays, "1")))
        {
            await AskAsync(backend, "main");
            backend.Observer.Kills = true;
            await UntilAsync(
                () => backend.GetAsync("/conversations/main").GetAwaiter().GetResult().Status == HttpStatusCode.Gone,
                () => _time.Advance(TimeSpan.FromMinutes(30)));
            await UntilAsync(() => backend.Log.Contains("killed here", StringComparison.Ordinal));
        }

        await using (await StartAsync())
            await UntilAsync(() => Lines(State).Count == 0);
        Assert.Single(Erasures(State));
    }

    /// <summary>The vector covers a tombstone of a peer, so it never comes again.</summary>
    [Fact]
    public async Task Sync_KilledBeforeAnybodyWasTold_IsFinishedAtTheNextStart()
    {
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        var peer = SyncRig.Entry(SyncRig.CloudKey, cloud.Url);
        var local = await _rig.StartLocalAsync(peer);
        await SyncRig.AskAsync(local, "to be erased");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "to be erased|Scripted.");
        local.Observer.Kills = true;

        await cloud.DeleteAsync("/conversations/main?user_id=ada");
        await _rig.UntilAsync(async () => (await local.GetAsync("/conversations/main?user_id=ada")).Status == HttpStatusCode.Gone);
        await local.DisposeAsync();
        Assert.Single(Lines(_rig.StateOf("local")));

        local = await _rig.StartLocalAsync(peer);
        await UntilAsync(() => Lines(_rig.StateOf("local")).Count == 0);
        await local.DisposeAsync();
        Assert.Single(Erasures(_rig.StateOf("local")));
    }

    private Task<TestBackend> StartAsync(params (string Name, string Value)[] more) => TestBackend.StartPeerAsync(
        _time, [(SettingNames.Mode, "local"), (SettingNames.ConversationRoot, _folder.Combine("conversations")), (SettingNames.StateRoot, State), .. more]);

    private static async Task AskAsync(TestBackend backend, string conversation, string user = "ada") =>
        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question("What changed?", conversation, user))).Status);

    /// <summary>Conversations of the lines there are.</summary>
    private static IReadOnlyList<string?> Lines(string state) =>
        [.. File.ReadAllLines(Path.Combine(state, "maestra_metrics.jsonl")).Select(static line => (string?)JsonNode.Parse(line)!["conversation_id"])];

    private static IReadOnlyList<JsonNode> Erasures(string state) =>
        [.. File.ReadAllLines(Path.Combine(state, "audit.log")).Select(static line => JsonNode.Parse(line)!).Where(static line => ((string)line["event"]!).EndsWith("_erased", StringComparison.Ordinal))];

    private static async Task UntilAsync(Func<bool> isSo, Action? meanwhile = null)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!isSo())
        {
            Assert.False(limit.IsCancellationRequested, "It never became so.");
            meanwhile?.Invoke();
            await Task.Delay(5);
        }
    }
}
