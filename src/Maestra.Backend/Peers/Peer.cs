using System.Diagnostics.CodeAnalysis;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Peers;

/// <summary>What may be done with a pairing.</summary>
internal enum PeerState
{
    Active,

    /// <summary>Nothing is exchanged until an owner takes it up again (<c>peers confirm</c>).</summary>
    Suspended,

    /// <summary>Taken out by an owner although the settings go on listing it.</summary>
    Removed,
}

/// <summary>A paired backend: an immutable snapshot.</summary>
internal sealed record Peer
{
    public required string BackendId { get; init; }

    public required PeerKey Key { get; init; }

    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>Bounds what is sent to it and accepted from it.</summary>
    public required PeerScope Scope { get; init; }

    /// <summary>Base URL; null for a peer that only calls. The side that knows a URL starts all syncs.</summary>
    public Uri? Url { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public DateTimeOffset? LastSyncAt { get; init; }

    public required PeerState State { get; init; }

    /// <summary>Why it is not active, for its owner.</summary>
    public string? Reason { get; init; }

    /// <summary>The own id by which the peer knows this backend; null: the present one.</summary>
    public string? OwnId { get; init; }

    /// <summary>A key that the peer announced and no owner has confirmed.</summary>
    public PeerKeyRecord? Successor { get; init; }

    /// <summary>The key before a confirmed change, and until when it is accepted.</summary>
    public PeerKeyRecord? Previous { get; init; }

    /// <summary>Whether <c>MAESTRA_PEERS</c> lists it.</summary>
    public bool IsConfigured { get; init; }

    /// <summary><c>local</c> or <c>hosted</c>.</summary>
    public string BackendType => TypeOf(BackendId);

    public static string TypeOf(string backendId) =>
        backendId.StartsWith(Identity.BackendIdentity.LocalPrefix, StringComparison.Ordinal) ? "local" : "hosted";

    /// <summary>The key with which a peer signs under an id: its own, or for a time the one before.</summary>
    public PeerKey? KeyOf(string backendId, DateTimeOffset now)
    {
        if (backendId == BackendId)
            return Key;
        return Previous is { } previous && previous.BackendId == backendId && now < previous.At && PeerKey.TryParseBase64(previous.PublicKey, out var key)
            ? key
            : null;
    }

    /// <returns>False for a record that holds no fitting key, user or URL.</returns>
    public static bool TryRead(PeerRecord record, [NotNullWhen(true)] out Peer? peer)
    {
        peer = null;
        Uri? url = null;
        if (record.Capabilities is null
            || !PeerKey.TryParseBase64(record.PublicKey, out var key)
            || !PeerScope.TryParse(record.UserId, out var scope)
            || (record.Url is not null && !PeerUrl.TryParse(record.Url, out url, out _))
            || !PeerStateNames.TryParse(record.State, out var state))
        {
            return false;
        }

        peer = new Peer
        {
            BackendId = record.BackendId,
            Key = key,
            Capabilities = record.Capabilities,
            Scope = scope,
            Url = url,
            RegisteredAt = record.RegisteredAt,
            LastSyncAt = record.LastSyncAt,
            State = state,
            Reason = record.Reason,
            OwnId = record.OwnId,
            Successor = record.Successor,
            Previous = record.Previous,
        };
        return true;
    }
}

/// <summary>States as they are written.</summary>
internal static class PeerStateNames
{
    public const string Active = "active";
    public const string Suspended = "suspended";
    public const string Removed = "removed";

    public static string Of(PeerState state) => state switch
    {
        PeerState.Active => Active,
        PeerState.Suspended => Suspended,
        _ => Removed,
    };

    public static bool TryParse(string text, out PeerState state)
    {
        state = text switch { Active => PeerState.Active, Suspended => PeerState.Suspended, _ => PeerState.Removed };
        return text is Active or Suspended or Removed;
    }
}
