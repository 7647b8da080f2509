using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Pairing;

/// <summary>A registration whose signature and token were checked.</summary>
/// <param name="OwnId">This backend's id to which it was addressed.</param>
/// <param name="Configured">The peer as the settings list it; null when they do not.</param>
internal sealed record Registration(
    string PeerId, PeerKey PeerKey, IReadOnlyList<string> Capabilities, SbtClaims Sbt, string? Proof, string OwnId, Peer? Configured);

/// <summary>What became of it.</summary>
internal abstract record RegistrationOutcome
{
    private RegistrationOutcome()
    {
    }

    public sealed record Registered(PeerScope Scope) : RegistrationOutcome;

    public sealed record KeyChanged : RegistrationOutcome;

    public sealed record SbtReplayed : RegistrationOutcome;

    public sealed record PairingRequired : RegistrationOutcome;

    public sealed record CodeInvalid : RegistrationOutcome;

    /// <param name="Scope">Of the invitation, whose code the sender has shown to have.</param>
    public sealed record UserMismatch(PeerScope Scope) : RegistrationOutcome;

    public sealed record Full : RegistrationOutcome;
}

/// <summary>Invitations and registrations: functions of state and time (wire.md §9.2).</summary>
internal static class PairingRules
{
    /// <returns>A null state when as many invitations are open as may be.</returns>
    public static (PeerStateRecord? State, bool IsOpen) Invite(PeerStateRecord state, string secret, PeerScope scope, DateTimeOffset now)
    {
        var pruned = PeerRules.Prune(state, now);
        return pruned.Invites.Count >= PairingCode.MaxOpen
            ? (null, false)
            : (pruned with { Invites = [.. pruned.Invites, new InviteRecord { Secret = secret, UserId = scope.ToString(), ExpiresAt = now + PairingCode.Lifetime }] }, true);
    }

    /// <summary>Takes a peer in, spends the code and the token; or changes nothing.</summary>
    public static (PeerStateRecord? State, RegistrationOutcome Result) Register(PeerStateRecord state, Registration registration, DateTimeOffset now)
    {
        var pruned = PeerRules.Prune(state, now);
        var known = PeerRules.Find(pruned, registration.PeerId);
        if ((known is not null && known.PublicKey != registration.PeerKey.Base64)
            || pruned.Peers.Any(peer => peer.Successor?.BackendId == registration.PeerId))
        {
            return (null, new RegistrationOutcome.KeyChanged());
        }

        if (pruned.Sbts.Any(sbt => sbt.SbtId == registration.Sbt.SbtId))
            return (null, new RegistrationOutcome.SbtReplayed());

        InviteRecord? invite = null;
        PeerScope scope;
        if (registration.Proof is { } proof)
        {
            invite = pruned.Invites.FirstOrDefault(invite => Shows(proof, invite, registration));
            if (invite is null || !PeerScope.TryParse(invite.UserId, out scope))
                return (null, new RegistrationOutcome.CodeInvalid());
        }
        else if (registration.Configured is { } configured && known is null or { State: PeerStateNames.Active })
        {
            // One that was suspended or removed comes back by an act of its owner here, not by asking.
            scope = configured.Scope;
        }
        else
        {
            return (null, new RegistrationOutcome.PairingRequired());
        }

        if (registration.Sbt.UserId != scope.ToString())
            return (null, new RegistrationOutcome.UserMismatch(scope));
        if (known is null && pruned.Peers.Count >= PeerRules.MaxPeers)
            return (null, new RegistrationOutcome.Full());
        return (
            PeerRules.With(pruned, new PeerRecord
            {
                BackendId = registration.PeerId,
                PublicKey = registration.PeerKey.Base64,
                Capabilities = registration.Capabilities,
                UserId = scope.ToString(),
                Url = known?.Url ?? registration.Configured?.Url?.OriginalString,
                RegisteredAt = now,
                LastSyncAt = known?.LastSyncAt,
                State = PeerStateNames.Active,
                OwnId = registration.OwnId,
            }) with
            {
                Invites = [.. pruned.Invites.Where(other => other != invite)],
                Sbts = [.. pruned.Sbts, new UsedSbtRecord { SbtId = registration.Sbt.SbtId, KeptUntil = SbtRules.KeptUntil(registration.Sbt) }],
            },
            new RegistrationOutcome.Registered(scope));
    }

    /// <summary>Takes up the key that a peer announced, or a peer that was suspended or removed: whichever was named, and never both.</summary>
    /// <param name="backendId">The announced id, or the peer's.</param>
    /// <returns>A null result when there is nothing to confirm under this id.</returns>
    public static (PeerStateRecord? State, PeerRecord? Confirmed) Confirm(PeerStateRecord state, string backendId, DateTimeOffset now)
    {
        var peer = state.Peers.FirstOrDefault(peer => peer.Successor?.BackendId == backendId || peer.BackendId == backendId);
        if (peer is null)
            return (null, null);
        var confirmed = peer with { State = PeerStateNames.Active, Reason = null };
        if (peer.Successor is { } successor && successor.BackendId == backendId)
        {
            confirmed = confirmed with
            {
                BackendId = successor.BackendId,
                PublicKey = successor.PublicKey,
                Successor = null,
                Previous = new PeerKeyRecord { BackendId = peer.BackendId, PublicKey = peer.PublicKey, At = now + IdentityKeys.Grace },
            };
        }

        return confirmed == peer ? (null, null) : (PeerRules.With(PeerRules.Without(state, peer.BackendId), confirmed), confirmed);
    }

    private static bool Shows(string proof, InviteRecord invite, Registration registration) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(proof),
        Encoding.ASCII.GetBytes(PairingCode.Proof(invite.Secret, registration.OwnId, registration.PeerId, registration.Sbt.SbtId, registration.PeerKey)));
}
