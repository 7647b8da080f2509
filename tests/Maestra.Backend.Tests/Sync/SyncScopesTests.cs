using ConversationHub.Store;
using Maestra.Backend.Peers;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Tests.Sync;

/// <summary>Whose operations go between two backends.</summary>
public sealed class SyncScopesTests
{
    /// <summary>An owner who pairs for a user that his own settings leave out is told at once, and not by an exchange that brings nothing.</summary>
    [Theory]
    [InlineData("ada", null, null)]
    [InlineData("*", null, null)]
    [InlineData("ada", "ada,bob", null)]
    [InlineData("carol", "ada,bob", "MAESTRA_SYNC_USERS leaves carol out: nothing goes between the two until it names this user.")]
    [InlineData("*", "bob,ada", "MAESTRA_SYNC_USERS is set here: of this pairing only ada, bob goes.")]
    public void Narrower_OfAPairing_IsTold(string pairing, string? users, string? told)
    {
        Assert.True(PeerScope.TryParse(pairing, out var scope));
        var settings = SyncSettings.Default with { Scope = users is null ? SyncScope.Everybody : SyncScope.Of(users.Split(',')) };

        Assert.Equal(told, SyncScopes.Narrower(scope, settings));
    }
}
