using ConversationHub.Store;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Retention;
using Maestra.Backend.Sync;
using Maestra.Backend.Tests.Signing;

namespace Maestra.Backend.Tests.Retention;

/// <summary>docs/decisions/0055.</summary>
public sealed class RetentionHoldTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);
    private static readonly BackendKey Key = TestPeer.NewKey();

    [Fact]
    public void Of_NobodyPaired_HoldsNothing()
    {
        var hold = RetentionHold.Of([], SyncSettings.Default, Now);

        Assert.False(hold.Everybody);
        Assert.Empty(hold.Users);
        Assert.Empty(hold.Missed);
    }

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(15 * 60, false, false)]
    [InlineData((15 * 60) + 1, true, false)]
    [InlineData(-15 * 60, false, false)]
    [InlineData((-15 * 60) - 1, true, false)]
    [InlineData(24 * 3600, true, true)]
    [InlineData(-24 * 3600, true, true)]
    public void Of_PeerSyncedSoLongAgo_HoldsEverybodyBeyondAQuarterOfAnHour(int secondsAgo, bool holds, bool isMissed)
    {
        var hold = RetentionHold.Of([Paired("*", Now.AddSeconds(-secondsAgo))], SyncSettings.Default, Now);

        Assert.Equal((holds, isMissed), (hold.Everybody, hold.Missed.Count == 1));
    }

    [Fact]
    public void Of_PeerNeverSyncedOrSuspended_Holds()
    {
        var suspended = RetentionHold.Of([Paired("*", Now) with { State = PeerState.Suspended }], SyncSettings.Default, Now);
        var paired = RetentionHold.Of([Paired("*", null)], SyncSettings.Default, Now);

        Assert.True(suspended.Everybody && paired.Everybody);
        Assert.Empty(suspended.Missed);
        Assert.Empty(paired.Missed);
        Assert.Single(RetentionHold.Of([Paired("*", null)], SyncSettings.Default, Now.AddDays(1)).Missed);
    }

    [Fact]
    public void Of_PeersOfSomeUsers_HoldsTheirsOnly()
    {
        var peers = new[] { Paired("ada", null), Paired("bob", null), Paired("eve", Now) };

        var hold = RetentionHold.Of(peers, SyncSettings.Default, Now);

        Assert.False(hold.Everybody);
        Assert.Equal(["ada", "bob"], hold.Users.Order(StringComparer.Ordinal));
        Assert.Equal(["ada"], RetentionHold.Of(peers, SyncSettings.Default with { Scope = SyncScope.Of(["ada", "eve"]) }, Now).Users);
        Assert.Equal(["eve"], RetentionHold.Of([Paired("*", null)], SyncSettings.Default with { Scope = SyncScope.Of(["eve"]) }, Now).Users);
        Assert.Empty(RetentionHold.Of([Paired("bob", null)], SyncSettings.Default with { Scope = SyncScope.Of(["eve"]) }, Now.AddDays(2)).Missed);
    }

    private static Peer Paired(string user, DateTimeOffset? syncedAt) => new()
    {
        BackendId = Key.Id,
        Key = Key.Public,
        Capabilities = [],
        Scope = PeerScope.TryParse(user, out var scope) ? scope : throw new ArgumentException(user),
        RegisteredAt = Now,
        LastSyncAt = syncedAt,
        State = PeerState.Active,
    };
}
