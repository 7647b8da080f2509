using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Peers;

/// <summary>
/// Keeps pairings, invitations, used tokens and nonces: in the state root, or in PostgreSQL where replicas share them.
/// Thread-safe, and safe beside other processes. What goes wrong comes back as a <see cref="StoreFailure"/>; then nothing was changed.
/// </summary>
internal interface IPeerStore : IAsyncDisposable
{
    /// <summary>What is kept now, changes by other processes included.</summary>
    Task<(PeerStateRecord? State, StoreFailure? Failure)> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Reads, decides and writes as one step that no other change comes between; durable when it returns.</summary>
    /// <param name="decide">Pure; a null state changes nothing.</param>
    Task<(T? Result, StoreFailure? Failure)> ChangeAsync<T>(Func<PeerStateRecord, (PeerStateRecord? State, T Result)> decide, CancellationToken cancellationToken)
        where T : class;

    /// <summary>Remembers a nonce for <see cref="NonceLimits.Kept"/>, durably, unless it is remembered already or the peer's room is full.</summary>
    Task<(NonceVerdict? Verdict, StoreFailure? Failure)> TakeNonceAsync(string peer, string nonce, CancellationToken cancellationToken);

    /// <summary>Whether a nonce is remembered; changes nothing.</summary>
    Task<(NonceVerdict? Verdict, StoreFailure? Failure)> FindNonceAsync(string peer, string nonce, CancellationToken cancellationToken);
}

/// <summary>What became of a nonce.</summary>
internal abstract record NonceVerdict
{
    private NonceVerdict()
    {
    }

    /// <summary>It was not seen before.</summary>
    public sealed record Fresh : NonceVerdict;

    public sealed record Replayed : NonceVerdict;

    /// <param name="RetryAfterSeconds">Until the oldest of the peer's nonces is forgotten.</param>
    public sealed record Full(int RetryAfterSeconds) : NonceVerdict;
}

/// <summary>Bounds of wire.md §9.3.</summary>
internal static class NonceLimits
{
    public const int PerPeer = 1024;

    /// <summary>Twice as long as a request may be old or early, so that a forgotten nonce is a stale request.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(240);
}
