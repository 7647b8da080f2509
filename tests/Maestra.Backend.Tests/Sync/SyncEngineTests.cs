using ConversationHub.Testing.Network;
using Maestra.Backend.Identity;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Signing;

namespace Maestra.Backend.Tests.Sync;

/// <summary>Rounds between whole backends over real sockets, on a clock that the test moves.</summary>
public sealed class SyncEngineTests : IAsyncLifetime
{
    /// <summary>Of a peer that is not there.</summary>
    private static readonly BackendKey AbsentKey = TestPeer.NewKey();

    private readonly SyncRig _rig = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    /// <summary>T39, T44: a write of the caller goes by push, long before the tick; one of the other side comes by the tick.</summary>
    [Fact]
    public async Task Rounds_AfterAWriteAndByTheTicker_BringBothSidesTheSame_T39_T44()
    {
        var (local, cloud) = await StartPairAsync();
        await AgreedAsync(local);
        var began = _rig.Time.Elapsed;

        await SyncRig.AskAsync(local, "from local");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "from local|Scripted.", TimeSpan.FromMilliseconds(10));

        // The tick is due 4.6 s after a round at the earliest, and the latest round was before.
        Assert.InRange(_rig.Time.Elapsed - began, TimeSpan.Zero, TimeSpan.FromSeconds(4.6));
        await SyncRig.AskAsync(cloud, "from cloud");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(local) == "from local|Scripted.|from cloud|Scripted.");
        Assert.Equal(await DocumentAsync(local), await DocumentAsync(cloud));
    }

    /// <summary>T44: a peer that takes requests and never answers holds up nobody, and one that refuses is tried less and less often.</summary>
    [Fact]
    public async Task Rounds_WithOneDeadPeer_GoOnWithTheOther_T44()
    {
        await using var hanging = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        var local = await _rig.StartLocalAsync(SyncRig.Entry(SyncRig.CloudKey, cloud.Url), SyncRig.Entry(AbsentKey, hanging.Url));
        await hanging.RequestAsync(1);

        // The reply waits its second for the one that has not answered yet.
        var asked = SyncRig.AskAsync(local, "past the dead one");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "past the dead one|Scripted.");
        Assert.True((bool?)(await asked)["meta"]!["stale"]);
    }

    /// <summary>T44. The test sees a request late at most, so that an interval is never taken for shorter than it was.</summary>
    [Fact]
    public async Task Rounds_WithAPeerThatFails_AreTriedLessAndLessOften_T44()
    {
        await using var failing = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(500, "no")));
        var local = await _rig.StartLocalAsync(SyncRig.Entry(AbsentKey, failing.Url));
        await failing.RequestAsync(1);
        var at = _rig.Time.Elapsed;

        int[] seconds = [5, 10, 20, 40, 60, 60];
        for (var n = 0; n < seconds.Length; n++)
        {
            // A write does not call a peer that is down.
            await SyncRig.AskAsync(local, $"question {n}");
            var wanted = n + 2;
            await _rig.UntilAsync(() => Task.FromResult(failing.Requests.Count >= wanted), TimeSpan.FromMilliseconds(500));
            Assert.True(_rig.Time.Elapsed - at >= TimeSpan.FromSeconds(seconds[n] * 0.92), $"Try {wanted} came {_rig.Time.Elapsed - at} after the one before.");
            at = _rig.Time.Elapsed;
        }
    }

    /// <summary>The limit on calls is how a peer says how fast it goes on: it is left alone for so long, and not longer from time to time (wire.md §6).</summary>
    [Fact]
    public async Task Rounds_WithAPeerThatAsksToComeAgainLater_AreNoFailures()
    {
        await using var limiting = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(429, "later", headers: ("Retry-After", "2"))));
        var local = await _rig.StartLocalAsync(SyncRig.Entry(AbsentKey, limiting.Url));
        await limiting.RequestAsync(1);

        // Its push waits as the tick does.
        var asked = SyncRig.AskAsync(local, "a question meanwhile");
        for (var n = 2; n < 7; n++)
        {
            var at = _rig.Time.Elapsed;
            var wanted = n;
            await _rig.UntilAsync(() => Task.FromResult(limiting.Requests.Count >= wanted), TimeSpan.FromMilliseconds(100));
            Assert.True(_rig.Time.Elapsed - at >= TimeSpan.FromSeconds(1.9), $"Try {wanted} came {_rig.Time.Elapsed - at} after the one before.");
        }

        await asked;
        Assert.Contains("outcome=\"limited\"", (await local.GetAsync("/metrics", null, ("Accept", "text/plain"))).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("outcome=\"failed\"", (await local.GetAsync("/metrics", null, ("Accept", "text/plain"))).Text, StringComparison.Ordinal);
    }

    /// <summary>A peer that answers 429 for good is seen as any that fails: in the log once when it begins and once when it ends, in the metrics and in /health.</summary>
    [Fact]
    public async Task Rounds_WithAPeerThatIsLimitedForGood_AreToldOnceUntilTheyGoOn()
    {
        const string Begins = "waits: it answers 429, and asks to come again in 7 s";
        const string Ends = "works again";
        await using var door = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(429, "later", headers: ("Retry-After", "7"))));
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        var local = await _rig.StartLocalAsync(SyncRig.Entry(SyncRig.CloudKey, door.Url));
        await _rig.UntilAsync(() => Task.FromResult(door.Requests.Count >= 4), TimeSpan.FromMilliseconds(500));

        var limited = await HealthAsync();
        Assert.Equal(("limited", 7), ((string?)limited["state"], (int?)limited["retry_after_seconds"]));
        Assert.InRange((double)limited["lag_seconds"]!, 21, 3600);
        Assert.Equal(1, Told(Begins));
        Assert.Equal(0, Told(Ends));

        door.Behaviour = Chaos.PassThrough(cloud.Url);
        await _rig.UntilAsync(async () => (string?)(await HealthAsync())["state"] == "agreed", TimeSpan.FromMilliseconds(500));
        Assert.Null((await HealthAsync())["retry_after_seconds"]);
        Assert.Equal((1, 1), (Told(Begins), Told(Ends)));

        async Task<System.Text.Json.Nodes.JsonNode> HealthAsync() => (await local.GetAsync("/health")).Json["peers"]![0]!;
        int Told(string what) => local.Log.Split(what).Length - 1;
    }

    /// <summary>The first question waits at most a second for what a peer may hold, and then its reply says so; once the rounds agree none does.</summary>
    [Fact]
    public async Task Ask_BeforeTheFirstRound_WaitsASecondAndIsStale()
    {
        await using var door = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        var local = await _rig.StartLocalAsync(SyncRig.Entry(SyncRig.CloudKey, door.Url));
        await door.RequestAsync(1);

        var asked = SyncRig.AskAsync(local, "too early");
        var began = _rig.Time.Elapsed;
        await _rig.UntilAsync(() => Task.FromResult(asked.IsCompleted), TimeSpan.FromMilliseconds(100));
        Assert.True(_rig.Time.Elapsed - began >= TimeSpan.FromSeconds(1));
        Assert.True((bool?)(await asked)["meta"]!["stale"]);

        // The second does not wait again.
        Assert.True((bool?)(await SyncRig.AskAsync(local, "still too early"))["meta"]!["stale"]);

        door.Behaviour = Chaos.PassThrough(cloud.Url);
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) != "", TimeSpan.FromMilliseconds(500));
        await _rig.UntilAsync(async () => (await SyncRig.AskAsync(local, "now"))["meta"]!["stale"] is null);
    }

    /// <summary>Pairings that commands change are taken up while the backend runs: a new one, and the same one at another URL.</summary>
    [Fact]
    public async Task Peer_TakenUpAnewAtAnotherUrl_IsCalledThere()
    {
        await using var dead = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(500, "no")));
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        var local = await _rig.StartLocalAsync();
        await SyncRig.AskAsync(local, "before any pairing");

        await _rig.PairAsync("local", SyncRig.CloudKey, dead.Url);
        await _rig.UntilAsync(() => Task.FromResult(dead.Requests.Count > 0), TimeSpan.FromMilliseconds(500));
        await _rig.PairAsync("local", SyncRig.CloudKey, cloud.Url);
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "before any pairing|Scripted.", TimeSpan.FromMilliseconds(500));
    }

    /// <summary>
    /// An owner who narrows his own side ends the exchange for the users he leaves out, and for nobody else; the two count as synced all the same
    /// (retention waits for that, docs/decisions/0055).
    /// </summary>
    [Theory]
    [InlineData("cloud")]
    [InlineData("local")]
    public async Task Rounds_WithALimitOfOneSide_GoOnForTheOthers(string limited)
    {
        var cloudPeer = SyncRig.Entry(SyncRig.LocalKey);
        var cloud = limited == "cloud" ? await _rig.StartLimitedAsync("cloud", "ada", cloudPeer) : await _rig.StartCloudAsync(cloudPeer);
        var localPeer = SyncRig.Entry(SyncRig.CloudKey, cloud.Url);
        var local = limited == "local" ? await _rig.StartLimitedAsync("local", "ada", localPeer) : await _rig.StartLocalAsync(localPeer);
        await AgreedAsync(local);
        var (narrow, wide) = limited == "cloud" ? (cloud, local) : (local, cloud);

        await SyncRig.AskAsync(wide, "kept out", "bobs", "bob");
        await SyncRig.AskAsync(wide, "let in");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(narrow) == "let in|Scripted.");
        await SyncRig.AskAsync(narrow, "stays here", "bobs", "bob");
        await SyncRig.AskAsync(narrow, "goes out");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(wide) == "let in|Scripted.|goes out|Scripted.");

        Assert.Equal("stays here|Scripted.", await SyncRig.TranscriptAsync(narrow, "bobs", "bob"));
        Assert.Equal("kept out|Scripted.", await SyncRig.TranscriptAsync(wide, "bobs", "bob"));
        var since = _rig.Time.GetUtcNow();
        foreach (var side in (TestBackend[])[local, cloud])
            await _rig.UntilAsync(async () => (await side.GetAsync("/peers")).Json["peers"]![0]!["last_sync_at"] is { } at && (DateTimeOffset)at >= since);
    }

    /// <summary>T45: after a restart of both sides the exchange goes on where it stopped.</summary>
    [Fact]
    public async Task Restart_OfBothSides_GoesOnWhereItStopped_T45()
    {
        var (local, cloud) = await StartPairAsync();
        await SyncRig.AskAsync(local, "before");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "before|Scripted.");
        await local.DisposeAsync();
        await SyncRig.AskAsync(cloud, "meanwhile");
        await cloud.DisposeAsync();

        (local, cloud) = await StartPairAsync();
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(local) == "before|Scripted.|meanwhile|Scripted.");
        await SyncRig.AskAsync(local, "after");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "before|Scripted.|meanwhile|Scripted.|after|Scripted.");
        Assert.Equal(await DocumentAsync(local), await DocumentAsync(cloud));
    }

    /// <summary>What belongs to a conversation outside the store goes too when its erasure comes from a peer (issue 3).</summary>
    [Fact]
    public async Task Erase_OnOneSide_IsToldToTheObserversOfTheOther()
    {
        var (local, cloud) = await StartPairAsync();
        await SyncRig.AskAsync(local, "to be erased");
        await _rig.UntilAsync(async () => await SyncRig.TranscriptAsync(cloud) == "to be erased|Scripted.");

        await cloud.DeleteAsync("/conversations/main?user_id=ada");
        await _rig.UntilAsync(() => Task.FromResult(!local.Acts.IsEmpty));

        var act = Assert.Single(local.Acts);
        Assert.Equal(("main", "ada", SyncRig.CloudKey.Id), (act.ConversationId.ToString(), act.Owner.ToString(), act.Peer));
        Assert.Equal("conversation_erased", (await local.GetAsync("/conversations/main?user_id=ada")).Code);
        await local.DisposeAsync();
        Assert.Contains(
            await _rig.AuditAsync("local"),
            record => (string?)record["event"] == "conversation_erased" && (string?)record["actor"] == SyncRig.CloudKey.Id);
    }

    private async Task<(TestBackend Local, TestBackend Cloud)> StartPairAsync()
    {
        var cloud = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey));
        return (await _rig.StartLocalAsync(SyncRig.Entry(SyncRig.CloudKey, cloud.Url)), cloud);
    }

    /// <summary>Until a round ended well, after which a reply is not stale.</summary>
    private async Task AgreedAsync(TestBackend local) =>
        await _rig.UntilAsync(async () => (await local.GetAsync("/peers")).Json["peers"]![0]!["last_sync_at"] is not null);

    private static async Task<string> DocumentAsync(TestBackend backend) => (await backend.GetAsync("/conversations/main?user_id=ada")).Text;
}
