using ConversationHub.Store.Log;

namespace ConversationHub.Store.Sync;

/// <summary>Counts what a batch brought, conversation by conversation. Pure.</summary>
internal static class SyncTally
{
    /// <param name="batch">All of it.</param>
    /// <param name="accepted">Places in the batch of what was not held before.</param>
    /// <param name="known">Whether a conversation was there before.</param>
    public static SyncCounts Of(IReadOnlyList<StoredOperation> batch, IReadOnlyCollection<int> accepted, Func<string, string, bool> known)
    {
        var conversations = batch.Where(Counts).Select(Key).ToHashSet();
        var changed = accepted.Select(at => batch[at]).Where(Counts).Select(Key).ToHashSet();
        var updated = changed.Count(one => known(one.User, one.Id));
        return new SyncCounts(conversations.Count, changed.Count - updated, updated, conversations.Count - changed.Count, accepted.Count);
    }

    private static bool Counts(StoredOperation operation) =>
        operation.Kind != Contracts.OperationKind.Erase && operation.ConversationId is not null;

    private static (string User, string Id) Key(StoredOperation operation) => (operation.UserId, operation.ConversationId!);
}
