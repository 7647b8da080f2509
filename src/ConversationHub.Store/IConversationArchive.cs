using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>
/// What an owner does with stored conversations besides asking: change, erase, take out. The same object as the <see cref="IConversationStore"/>
/// beside it, under the same rules: thread-safe, outcomes for what goes wrong, and cancelling a write stops only the waiting.
/// </summary>
public interface IConversationArchive
{
    /// <summary>Sets fields of a conversation, durably and together. Of two changes of one field the later clock wins, on every backend.</summary>
    /// <returns>
    /// <see cref="ChangeOutcome.Changed"/>, <see cref="ChangeOutcome.NotFound"/>, <see cref="ChangeOutcome.Erased"/>,
    /// <see cref="ChangeOutcome.Ambiguous"/> or <see cref="ChangeOutcome.NotCommitted"/>.
    /// </returns>
    Task<ChangeOutcome> ChangeAsync(ConversationChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Erases a conversation durably; its id is not used again. It is gone from all answers and files when this returns,
    /// and its text from the disk or database soon after (<see cref="CompactAsync"/>).
    /// Idempotent: again gives the same receipt.
    /// </summary>
    /// <param name="owner">Null for one who may erase all.</param>
    /// <returns>
    /// <see cref="EraseOutcome.Erased"/>, <see cref="EraseOutcome.NotFound"/>, <see cref="EraseOutcome.Ambiguous"/>
    /// or <see cref="EraseOutcome.NotCommitted"/>.
    /// </returns>
    Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId conversationId, CancellationToken cancellationToken);

    /// <summary>Erases everything a user began up to now, durably. Erasing a user of whom nothing is held succeeds with a count of 0.</summary>
    /// <returns><see cref="EraseUserOutcome.Erased"/> or <see cref="EraseUserOutcome.NotCommitted"/>.</returns>
    Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>
    /// Every conversation whole, one after another, oldest id first. A conversation that is erased meanwhile may be left out;
    /// one that cannot be read is <see cref="ReadOutcome.Damaged"/>, never left out.
    /// </summary>
    /// <param name="owner">Only those this user began; null for all.</param>
    IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, CancellationToken cancellationToken);

    /// <summary>Removes the text of all that is erased from disk or database. It also happens by itself within a minute of an erasure.</summary>
    /// <returns>Null when done, else why not.</returns>
    Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken);
}
