using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>
/// What this store holds as erased, whoever asked for it: an owner here or on another replica, retention, a peer. For what is kept outside the
/// store and must go too. The same object as the <see cref="IConversationStore"/> beside it, under the same rules.
/// </summary>
public interface IErasureFeed
{
    /// <summary>
    /// Every erasure that took its place after <paramref name="after"/>. None is ever left out; one may come twice where transactions that began
    /// earlier still run.
    /// </summary>
    /// <param name="after">A <see cref="ErasurePage.Place"/> of before; null, or one of another kind of store: all that are known.</param>
    Task<(ErasurePage? Page, StoreFailure? Failure)> ReadErasuresAsync(string? after, CancellationToken cancellationToken);

    /// <summary>The conversations that a user began and an erasure closed: others may have asked in them. None where each user has an own namespace.</summary>
    IReadOnlyList<ConversationId> ReadClosed(UserId user);
}

/// <summary>
/// Which erasures an audit has accounted for, where several replicas share a store: what one was killed over another accounts for. Thread-safe.
/// </summary>
public interface ISharedErasures
{
    /// <summary>Notes that an erasure is accounted for. Idempotent.</summary>
    Task<StoreFailure?> AccountAsync(UserId user, OperationId erasure, CancellationToken cancellationToken);

    /// <summary>
    /// Takes erasures that nobody has accounted for within <see cref="ErasureTimes.AccountedWithin"/>: no other replica gets them for as long again.
    /// </summary>
    Task<(IReadOnlyList<StoredErasure>? Claimed, StoreFailure? Failure)> ClaimUnaccountedAsync(CancellationToken cancellationToken);
}

/// <param name="Place">Where the next look begins. One line of text, opaque; it grows with the streams that hold erasures, not with erasures.</param>
public sealed record ErasurePage(IReadOnlyList<StoredErasure> Erasures, string Place);

/// <param name="User">Who began the conversation, or the user whose everything was erased.</param>
/// <param name="ConversationId">Null for a user.</param>
/// <param name="At">By the clock of the erasure.</param>
public sealed record StoredErasure(OperationId Id, UserId User, ConversationId? ConversationId, DateTimeOffset At);

/// <summary>How long whoever erased has to tell of it.</summary>
public static class ErasureTimes
{
    /// <summary>Whoever has not done it by then was killed.</summary>
    public static readonly TimeSpan AccountedWithin = TimeSpan.FromMinutes(1);
}
