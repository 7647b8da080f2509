using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>
/// What retention needs of a store. The same object as the <see cref="IConversationStore"/> beside it, under the same rules.
/// A conversation is touched by its last operation: by the time that operation names or by its clock, whichever is later,
/// so that one written while the wall clock was behind does not look old.
/// </summary>
public interface IRetentionStore
{
    /// <summary>Moves the store's retention clock on, durably. Begins it the first time.</summary>
    /// <param name="elapsed">Since this process last asked.</param>
    /// <returns>The clock; null, without a failure, when another replica does this round.</returns>
    Task<(RetentionClock? Clock, StoreFailure? Failure)> AdvanceAsync(TimeSpan elapsed, CancellationToken cancellationToken);

    /// <summary>Conversations that nothing here has touched since a time.</summary>
    /// <param name="heldUsers">Those whose conversations are left out: a peer may have touched them meanwhile.</param>
    Task<(IReadOnlyList<UntouchedConversation>? Found, StoreFailure? Failure)> FindUntouchedAsync(
        DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers, CancellationToken cancellationToken);

    /// <summary>Erases a conversation as <see cref="IConversationArchive.EraseConversationAsync"/> does, unless it was touched meanwhile: both in one step.</summary>
    /// <returns>
    /// <see cref="EraseOutcome.Erased"/>, <see cref="EraseOutcome.NotFound"/> when it was touched or is gone, or <see cref="EraseOutcome.NotCommitted"/>.
    /// </returns>
    Task<EraseOutcome> EraseUntouchedAsync(UntouchedConversation conversation, DateTimeOffset before, CancellationToken cancellationToken);
}

/// <param name="Owner">Who began it.</param>
public sealed record UntouchedConversation(UserId Owner, ConversationId Id);
