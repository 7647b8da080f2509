using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Identity;
using Maestra.Backend.Pairing;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Signing;
using Microsoft.Extensions.Logging;

namespace Maestra.Backend.Tests.Peers;

/// <summary>What both places that keep pairings promise (issue 7; T37, T45, T71): one suite on the state root and on PostgreSQL.</summary>
public abstract class PeerStoreContract : IAsyncLifetime
{
    /// <summary>Made once: a key takes a while.</summary>
    private static readonly BackendKey Own = TestPeer.NewKey();

    private static readonly BackendKey First = TestPeer.NewKey();
    private static readonly BackendKey Second = TestPeer.NewKey();

    private readonly List<IPeerStore> _open = [];

    private protected ManualTimeProvider Time { get; } = new();

    private protected TemporaryFolder Folder { get; } = new();

    private protected CapturingLoggerFactory Log { get; } = new();

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _open)
            await store.DisposeAsync();
        Log.Dispose();
        Folder.Dispose();
    }

    /// <summary>Another process over the same state.</summary>
    private protected abstract IPeerStore OpenStore();

    /// <summary>Makes what is kept of a peer something that is no peer.</summary>
    private protected abstract Task DamageAsync(string backendId);

    /// <summary>Takes all of a peer's room, with the nonces 0, 1 and so on in 32 hexadecimal digits.</summary>
    private protected abstract Task FillAsync(string peer, DateTimeOffset until);

    [ContractFact]
    public async Task Read_OfANewPlace_HoldsNothing()
    {
        var state = await ReadAsync(Open());

        Assert.Empty(state.Peers);
        Assert.Empty(state.Invites);
        Assert.Empty(state.Sbts);
    }

    /// <summary>T45: what was registered, with the used token and without the used code, is what another process finds.</summary>
    [ContractFact]
    public async Task Register_WithACode_OutlastsARestart_T45()
    {
        var store = Open();
        var code = await InviteAsync(store);
        Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync(store, First, code));
        var before = await ReadAsync(store);

        var after = await ReadAsync(Open());

        Assert.Empty(after.Invites);
        Assert.Equal(before.Sbts, after.Sbts);
        Assert.True(Peer.TryRead(Assert.Single(after.Peers), out var peer));
        Assert.Equal(
            (First.Id, First.Public.Base64, "ada", PeerState.Active, Time.GetUtcNow(), Own.Id),
            (peer.BackendId, peer.Key.Base64, peer.Scope.ToString(), peer.State, peer.RegisteredAt, peer.OwnId));
        Assert.Equal(["sync", "stream"], peer.Capabilities);
        Assert.Equal((null, null, null, null), (peer.Url, peer.LastSyncAt, peer.Successor, peer.Previous));
    }

    [ContractFact]
    public async Task Change_ThatDecidesNothing_ChangesNothing()
    {
        var store = Open();
        await InviteAsync(store);
        var before = await ReadAsync(store);

        var (result, failure) = await store.ChangeAsync<string>(_ => (null, "looked"), CancellationToken.None);

        Assert.Equal(("looked", null), (result, failure));
        var after = await ReadAsync(store);
        Assert.Equal(before.Invites, after.Invites);
    }

    /// <summary>A clock that was ahead for a moment must not make a peer look synced with for as long (docs/decisions/0055).</summary>
    [ContractFact]
    public async Task Synced_NotedByAClockThatWasSetBackSince_IsNotedAnew()
    {
        var store = Open();
        await RegisterAsync(store, First, await InviteAsync(store));
        var directory = Directory(store);

        await directory.NoteSyncedAsync(First.Id, Time.GetUtcNow().AddYears(1), CancellationToken.None);
        await directory.NoteSyncedAsync(First.Id, Time.GetUtcNow(), CancellationToken.None);

        Assert.Equal(Time.GetUtcNow(), (await OnlyAsync(Open())).LastSyncAt);
        var (peers, _) = await directory.ListAsync(CancellationToken.None);
        Assert.Equal(Time.GetUtcNow(), Assert.Single(peers!).LastSyncAt);
    }

    /// <summary>All that a peer can be: suspended with a reason, a new key announced, confirmed, removed. Each step is found by another process.</summary>
    [ContractFact]
    public async Task Peer_SuspendedRenewedConfirmedAndRemoved_IsSeenByAnother()
    {
        var (store, other) = (Open(), Open());
        await RegisterAsync(store, First, await InviteAsync(store));
        var directory = Directory(store);

        Assert.Null(await directory.SuspendAsync(First.Id, "origin conflict", CancellationToken.None));
        var suspended = await OnlyAsync(other);
        Assert.Equal((PeerState.Suspended, "origin conflict"), (suspended.State, suspended.Reason));

        var announced = new PeerKeyRecord { BackendId = Second.Id, PublicKey = Second.Public.Base64, At = Time.GetUtcNow() };
        Assert.Null(await directory.UpdateAsync(First.Id, peer => peer with { Successor = announced, LastSyncAt = Time.GetUtcNow() }, CancellationToken.None));
        var pending = await OnlyAsync(other);
        Assert.Equal((First.Id, announced, Time.GetUtcNow()), (pending.BackendId, pending.Successor, pending.LastSyncAt));

        Time.Advance(TimeSpan.FromHours(1));
        await store.ChangeAsync<object>(state => (PairingRules.Confirm(state, Second.Id, Time.GetUtcNow()).State, this), CancellationToken.None);
        var confirmed = await OnlyAsync(other);
        Assert.Equal(
            (Second.Id, PeerState.Active, null, null, Second.Public.Base64),
            (confirmed.BackendId, confirmed.State, confirmed.Reason, confirmed.Successor, confirmed.Key.Base64));
        Assert.Equal(new PeerKeyRecord { BackendId = First.Id, PublicKey = First.Public.Base64, At = Time.GetUtcNow() + IdentityKeys.Grace }, confirmed.Previous);

        Assert.Null(await Directory(other).RemoveAsync(confirmed, CancellationToken.None));
        Assert.Empty((await ReadAsync(store)).Peers);
    }

    /// <summary>Finding 31: to lift a suspension takes up no key that was announced meanwhile.</summary>
    [ContractFact]
    public async Task Confirm_OfTheOldId_TakesUpNoAnnouncedKey()
    {
        var store = Open();
        await RegisterAsync(store, First, await InviteAsync(store));
        var directory = Directory(store);
        var announced = new PeerKeyRecord { BackendId = Second.Id, PublicKey = Second.Public.Base64, At = Time.GetUtcNow() };
        await directory.UpdateAsync(First.Id, peer => peer with { Successor = announced }, CancellationToken.None);
        await directory.SuspendAsync(First.Id, "origin conflict", CancellationToken.None);

        await store.ChangeAsync<object>(state => (PairingRules.Confirm(state, First.Id, Time.GetUtcNow()).State, this), CancellationToken.None);

        var peer = await OnlyAsync(store);
        Assert.Equal((First.Id, PeerState.Active, announced, null), (peer.BackendId, peer.State, peer.Successor, peer.Previous));
    }

    /// <summary>What commands left is accounted for once, by whichever replica looks first, in the order in which it happened.</summary>
    [ContractFact]
    public async Task Acts_OfOwners_AreAccountedForOnce()
    {
        IPeerStore[] stores = [Open(), Open()];
        var audit = new RecordingAudit();
        for (var n = 0; n < 3; n++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            var act = OwnerActs.New(n == 2 ? AuditEventName.PeerRemoved : AuditEventName.PeerInvited, $"subject {n}", "command", new IdSource(Time), Time);
            await stores[0].ChangeAsync<object>(state => (PeerRules.Noted(state, act), this), CancellationToken.None);
        }

        await Task.WhenAll(stores.Select(store => Task.Run(() => new OwnerActs(store, audit).TellAsync(CancellationToken.None))));

        Assert.Equal(
            [("peer_invited", "subject 0", "ok"), ("peer_invited", "subject 1", "ok"), ("peer_removed", "subject 2", "ok")],
            audit.Events.Select(static told => (told.Name, told.Subject, told.Outcome)));
        Assert.Contains(AuditDetail.Of("at", WireTime.Format(Time.GetUtcNow())), audit.Events.Last().Details);
        Assert.Empty(PeerRules.Acts(await ReadAsync(stores[1])));
        Assert.Null(await new OwnerActs(stores[1], audit).TellAsync(CancellationToken.None));
        Assert.Equal(3, audit.Events.Count);
    }

    /// <summary>Two processes that invite as one: no more codes are open than may be, and none is lost.</summary>
    [ContractFact]
    public async Task Invite_ByTwoAtOnce_OpensAsManyAsMayBe()
    {
        IPeerStore[] stores = [Open(), Open()];

        var opened = await Task.WhenAll(Enumerable.Range(0, PairingCode.MaxOpen + 4).Select(n => Task.Run(async () =>
        {
            var (isOpen, failure) = await stores[n % 2].ChangeAsync<object>(
                state =>
                {
                    var (changed, isOpen) = PairingRules.Invite(state, n.ToString("x32", null), default, Time.GetUtcNow());
                    return (changed, isOpen);
                },
                CancellationToken.None);
            Assert.Null(failure);
            return isOpen is true;
        })));

        Assert.Equal(PairingCode.MaxOpen, opened.Count(static isOpen => isOpen));
        Assert.Equal(PairingCode.MaxOpen, (await ReadAsync(stores[0])).Invites.Select(static invite => invite.Secret).Distinct().Count());
    }

    /// <summary>T37: of two that show one code at once, at two replicas, one is let in.</summary>
    [ContractFact]
    public async Task Code_ShownToTwoReplicasAtOnce_LetsOneIn_T37()
    {
        IPeerStore[] stores = [Open(), Open()];
        var code = await InviteAsync(stores[0]);

        var outcomes = await Task.WhenAll(
            Task.Run(() => RegisterAsync(stores[0], First, code, "sbt_0000000000000001")), Task.Run(() => RegisterAsync(stores[1], Second, code, "sbt_0000000000000002")));

        Assert.Single(outcomes.OfType<RegistrationOutcome.Registered>());
        Assert.Single(outcomes.OfType<RegistrationOutcome.CodeInvalid>());
        Assert.Single((await ReadAsync(stores[0])).Peers);
    }

    /// <summary>T45, T71: a nonce is good once, over a restart too, until its time has passed; a full room says when there is some.</summary>
    [ContractFact]
    public async Task Nonce_IsGoodOnceUntilItsTimeHasPassed_T71()
    {
        var store = Open();
        Assert.IsType<NonceVerdict.Fresh>(await FindAsync(store, "p", "n"));
        Assert.IsType<NonceVerdict.Fresh>(await TakeAsync(store, "p", "n"));
        Assert.IsType<NonceVerdict.Replayed>(await TakeAsync(store, "p", "n"));
        Assert.IsType<NonceVerdict.Fresh>(await TakeAsync(store, "q", "n"));
        Time.Advance(NonceLimits.Kept - TimeSpan.FromMilliseconds(1));

        var after = Open();

        Assert.IsType<NonceVerdict.Replayed>(await FindAsync(after, "p", "n"));
        Assert.IsType<NonceVerdict.Replayed>(await TakeAsync(after, "p", "n"));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.IsType<NonceVerdict.Fresh>(await TakeAsync(after, "p", "n"));
    }

    [ContractFact]
    public async Task Nonces_FullRoom_SaysWhenThereIsSome()
    {
        var store = Open();
        await FillAsync("p", Time.GetUtcNow() + NonceLimits.Kept);
        Time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(new NonceVerdict.Full(200), await TakeAsync(store, "p", "more"));
        Assert.IsType<NonceVerdict.Replayed>(await TakeAsync(store, "p", 0.ToString("x32", null)));
        Assert.IsType<NonceVerdict.Fresh>(await TakeAsync(store, "q", "more"));
        Time.Advance(TimeSpan.FromSeconds(200));
        Assert.IsType<NonceVerdict.Fresh>(await TakeAsync(store, "p", "more"));
    }

    /// <summary>Something that is no peer is told and left out; the others go on, nobody gets in under its id, and its owner can take it out.</summary>
    [ContractFact]
    public async Task DamagedRecord_IsLeftOutToldAndCanBeRemoved()
    {
        var store = Open();
        await RegisterAsync(store, First, await InviteAsync(store), "sbt_0000000000000001");
        await RegisterAsync(store, Second, await InviteAsync(store), "sbt_0000000000000002");
        await DamageAsync(First.Id);

        var directory = Directory(Open());
        var (peers, failure) = await directory.ListAllAsync(CancellationToken.None);

        Assert.Null(failure);
        Assert.Equal(Second.Id, Assert.Single(peers!).BackendId);
        Assert.Contains(Log.Records.Snapshot(), record => record.Message.Contains(First.Id, StringComparison.Ordinal));
        Assert.IsType<RegistrationOutcome.KeyChanged>(await RegisterAsync(store, First, await InviteAsync(store), "sbt_0000000000000003"));

        // A change of the other one leaves it as it is.
        Assert.Null(await directory.SuspendAsync(Second.Id, "for a test", CancellationToken.None));
        Assert.Equal(2, (await ReadAsync(store)).Peers.Count);
        Assert.Equal((false, null), await directory.RemoveUnreadableAsync(Second.Id, CancellationToken.None));
        Assert.Equal((true, null), await directory.RemoveUnreadableAsync(First.Id, CancellationToken.None));
        Assert.Equal(Second.Id, Assert.Single((await ReadAsync(store)).Peers).BackendId);
    }

    private protected IPeerStore Open()
    {
        var store = OpenStore();
        _open.Add(store);
        return store;
    }

    private protected static async Task<PeerStateRecord> ReadAsync(IPeerStore store)
    {
        var (state, failure) = await store.ReadAsync(CancellationToken.None);
        Assert.Null(failure);
        return state!;
    }

    private protected async Task<PairingCode> InviteAsync(IPeerStore store)
    {
        var code = PairingCode.New(Own.Id, new IdSource(Time));
        var (_, failure) = await store.ChangeAsync<object>(
            state => (PairingRules.Invite(state, code.Secret, new PeerScope(UserId.Parse("ada")), Time.GetUtcNow()).State, this), CancellationToken.None);
        Assert.Null(failure);
        return code;
    }

    private protected PeerDirectory Directory(IPeerStore store) =>
        new(store, Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = Folder.Path }))).Settings, Log.CreateLogger<PeerDirectory>());

    private async Task<RegistrationOutcome> RegisterAsync(IPeerStore store, BackendKey key, PairingCode code, string sbt = "sbt_00000000000000aa")
    {
        var now = Time.GetUtcNow();
        var claims = new SbtClaims(sbt, "ada", "sess_001", key.Id, Own.Id, WireTime.Format(now), WireTime.Format(now + TimeSpan.FromHours(1)));
        var registration = new Registration(
            key.Id, key.Public, ["sync", "stream"], claims, PairingCode.Proof(code.Secret, Own.Id, key.Id, sbt, key.Public), Own.Id, null);
        var (outcome, failure) = await store.ChangeAsync(state => PairingRules.Register(state, registration, now), CancellationToken.None);
        Assert.Null(failure);
        return outcome!;
    }

    private async Task<Peer> OnlyAsync(IPeerStore store) => Assert.Single((await Directory(store).ListAllAsync(CancellationToken.None)).Peers!);

    private static async Task<NonceVerdict> TakeAsync(IPeerStore store, string peer, string nonce) =>
        (await store.TakeNonceAsync(peer, nonce, CancellationToken.None)) is ({ } verdict, null) ? verdict : throw new InvalidOperationException("The store failed.");

    private static async Task<NonceVerdict> FindAsync(IPeerStore store, string peer, string nonce) =>
        (await store.FindNonceAsync(peer, nonce, CancellationToken.None)) is ({ } verdict, null) ? verdict : throw new InvalidOperationException("The store failed.");
}
