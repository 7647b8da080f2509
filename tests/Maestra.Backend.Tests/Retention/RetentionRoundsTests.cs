using System.Net;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Maestra.Backend.Conversations;
using Maestra.Backend.Erasures;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Retention;
using Maestra.Backend.Settings;
using Maestra.Backend.Sync;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Signing;
using Microsoft.Extensions.Logging;

namespace Maestra.Backend.Tests.Retention;

/// <summary><c>MAESTRA_RETENTION_DAYS</c> on a whole backend with its log store, on a moved clock.</summary>
public sealed class RetentionRoundsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rounds_ConversationUntouchedForLonger_IsErasedAsByHandAndTold()
    {
        await using var backend = await StartAsync("1");
        await AskAsync(backend, "swordfish5e1", "old");
        var view = _folder.Combine("conversations", "old.json");
        _time.WallOffset = TimeSpan.FromHours(24);
        await AskAsync(backend, "What is new?", "new");
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations/old")).Status);

        await MoveUntilAsync(async () => (await backend.GetAsync("/conversations/old")).Status == HttpStatusCode.Gone, TimeSpan.FromHours(5));

        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations/new")).Status);
        await MoveUntilAsync(() => Task.FromResult(backend.Log.Contains("Retention erased 1 conversations that nothing had touched for 1 days", StringComparison.Ordinal)), TimeSpan.FromHours(1));
        Assert.False(File.Exists(view));
        var act = Assert.Single(backend.Acts);
        Assert.Equal((ArchiveActKind.ConversationErased, "old", 2, true), (act.Kind, act.ConversationId.ToString(), act.Count, act.IsRetention));
        Assert.DoesNotContain("swordfish5e1", backend.Log, StringComparison.Ordinal);
        await backend.DisposeAsync();
        var audit = await File.ReadAllTextAsync(_folder.Combine("state", "audit.log"));
        Assert.Contains("\"conversation_erased\",\"actor\":\"system\",\"subject\":\"old\"", audit, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"retention\"", audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rounds_ClockJumpsByAYear_EraseNothingAndSaySo()
    {
        await using var backend = await StartAsync("1");
        await AskAsync(backend, "What changed?", "main");

        _time.WallOffset = TimeSpan.FromDays(365);
        await MoveUntilAsync(() => Task.FromResult(backend.Log.Contains("Retention erases nothing for now", StringComparison.Ordinal)), TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations/main")).Status);
        Assert.Empty(backend.Acts);
    }

    /// <summary>What looks untouched here may have gone on there: its erasure would beat what was said at the peer (docs/decisions/0055).</summary>
    [Fact]
    public async Task Rounds_PairedPeerNotSyncedWith_EraseNothingAndSaySoUntilThePairingEnds()
    {
        var key = TestPeer.NewKey();
        await using var backend = await StartAsync("1", (SettingNames.Peers, $"{key.Id},{key.Public.Base64},*"));
        await AskAsync(backend, "What changed?", "old");

        await MoveUntilAsync(() => Task.FromResult(backend.Log.Contains("Retention erases nothing for now: conversations may have gone on", StringComparison.Ordinal)), TimeSpan.FromHours(30));
        for (var round = 0; round < 12; round++)
            _time.Advance(TimeSpan.FromMinutes(30));

        Assert.Contains(key.Id, backend.Log, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations/old")).Status);
        Assert.Empty(backend.Acts);

        await RemoveAsync(key);
        await MoveUntilAsync(async () => (await backend.GetAsync("/conversations/old")).Status == HttpStatusCode.Gone, TimeSpan.FromHours(5));
    }

    /// <summary>An exception that nobody foresaw ends a round, not the rounds and not the program.</summary>
    [Fact]
    public async Task Rounds_OneBreaks_TheNextOneRunsAllTheSame()
    {
        using var loggers = new CapturingLoggerFactory();
        using var rounds = new RetentionRounds(
            new BrokenStore(), new ArchiveObservers([], new ToldErasures()), new RetentionDays(1), new NoPeers(), SyncSettings.Default, new IdSource(_time), _time, loggers.CreateLogger<RetentionRounds>());

        await rounds.StartAsync(CancellationToken.None);
        for (var round = 1; round <= 3; round++)
        {
            Assert.IsType<InvalidTimeZoneException>((await loggers.Records.ItemAsync(round)).Exception);
            _time.Advance(RetentionClock.RoundEvery);
        }

        await rounds.StopAsync(CancellationToken.None);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("36501")]
    [InlineData("a month")]
    public void Bind_BadDays_IsRefusedWithWhatWouldBeRight(string value)
    {
        var bound = SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = _folder.Path, [SettingNames.RetentionDays] = value }));

        var error = Assert.Single(Assert.IsType<BindOutcome.Refused>(bound).Errors);
        Assert.Contains($"MAESTRA_RETENTION_DAYS (environment): '{value}' is wrong; expected a whole number from 1 to 36500", error, StringComparison.Ordinal);
    }

    /// <summary>Throws what no store should.</summary>
    private sealed class BrokenStore : IRetentionStore
    {
        public Task<(RetentionClock? Clock, StoreFailure? Failure)> AdvanceAsync(TimeSpan elapsed, CancellationToken cancellationToken) =>
            throw new InvalidTimeZoneException("nobody foresaw it");

        public Task<(IReadOnlyList<UntouchedConversation>? Found, StoreFailure? Failure)> FindUntouchedAsync(
            DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<EraseOutcome> EraseUntouchedAsync(UntouchedConversation conversation, DateTimeOffset before, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class NoPeers : IPeerDirectory
    {
        public Task<(IReadOnlyList<Peer>? Peers, StoreFailure? Failure)> ListAsync(CancellationToken cancellationToken) =>
            Task.FromResult<(IReadOnlyList<Peer>?, StoreFailure?)>(([], null));

        public Task<StoreFailure?> SuspendAsync(string backendId, string reason, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<StoreFailure?> NoteSyncedAsync(string backendId, DateTimeOffset at, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private Task<TestBackend> StartAsync(string days, params (string Name, string Value)[] more) => TestBackend.StartPeerAsync(
        _time, [(SettingNames.Mode, "local"), (SettingNames.RetentionDays, days),
        (SettingNames.ConversationRoot, _folder.Combine("conversations")), (SettingNames.StateRoot, _folder.Combine("state")), .. more]);

    /// <summary>As <c>peers remove</c> does, in another process.</summary>
    private async Task RemoveAsync(BackendKey key)
    {
        await using var store = new FilePeerStore(_folder.Combine("state"), _time, Microsoft.Extensions.Logging.Abstractions.NullLogger<FilePeerStore>.Instance);
        var (done, _) = await store.ChangeAsync<object>(
            state => (PeerRules.With(state, new PeerRecord
            {
                BackendId = key.Id,
                PublicKey = key.Public.Base64,
                Capabilities = [],
                UserId = "*",
                RegisteredAt = _time.GetUtcNow(),
                State = PeerStateNames.Removed,
            }), state),
            CancellationToken.None);
        Assert.NotNull(done);
    }

    private static async Task AskAsync(TestBackend backend, string message, string conversation) =>
        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question(message, conversation))).Status);

    /// <summary>A round runs beside the clock that starts it: it is asked for what it did, and the clock moved on only when it has not done it.</summary>
    private async Task MoveUntilAsync(Func<Task<bool>> isDone, TimeSpan most)
    {
        for (var passed = TimeSpan.Zero; passed < most; passed += TimeSpan.FromMinutes(30))
        {
            if (await isDone())
                return;
            _time.Advance(TimeSpan.FromMinutes(30));
        }

        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!await isDone())
            limit.Token.ThrowIfCancellationRequested();
    }
}
