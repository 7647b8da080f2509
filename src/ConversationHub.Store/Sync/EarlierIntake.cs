using ConversationHub.Contracts;
using ConversationHub.Store.Import;
using ConversationHub.Store.Sync;

namespace ConversationHub.Store;

/// <summary>Takes whole conversations of the earlier system into either kind of store. The same again changes nothing. Thread-safe.</summary>
public sealed class EarlierIntake(IConversationStore store, ISyncStore sync, TimeProvider time) : IDisposable
{
    /// <summary>Replicas that number at the same time find each other out; so many tries and the caller is asked to come again.</summary>
    private const int MaxTries = 5;

    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <param name="peer">Id of the backend that sends.</param>
    /// <param name="receiver">Own id.</param>
    /// <param name="user">Whose conversations they are, where a conversation does not say.</param>
    public async Task<SyncApplyOutcome> TakeAsync(
        SyncScope scope, string peer, string receiver, UserId user, IReadOnlyList<SyncConversation> conversations, CancellationToken cancellationToken)
    {
        if (conversations.Any(one => one.UserId is not null && !UserId.TryParse(one.UserId, out _)))
            return new SyncApplyOutcome.Invalid("user_id: 1 to 128 characters are needed");
        if (conversations.Any(one => !scope.Covers(one.UserId ?? user.ToString())))
            return new SyncApplyOutcome.OutOfScope();
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 0; attempt < MaxTries; attempt++)
            {
                var (operations, problem) = await NewAsync(peer, receiver, user, conversations, cancellationToken).ConfigureAwait(false);
                if (operations is null)
                    return problem!;
                var (have, failure) = await sync.ReadVectorAsync(SyncScope.Everybody, cancellationToken).ConfigureAwait(false);
                if (have is null)
                    return new SyncApplyOutcome.NotCommitted(failure!);
                switch (await sync.ApplyAsync(scope, Numbered(operations, have), cancellationToken).ConfigureAwait(false))
                {
                    case SyncApplyOutcome.Applied applied:
                        var counts = applied.Counts;
                        return new SyncApplyOutcome.Applied(counts with
                        {
                            Received = conversations.Count,
                            Skipped = conversations.Count - counts.Merged - counts.Updated,
                        });
                    case SyncApplyOutcome.Conflict:
                        continue;
                    case var other:
                        return other;
                }
            }
        }
        finally
        {
            _gate.Release();
        }

        return new SyncApplyOutcome.NotCommitted(new StoreFailure(StoreFailureKind.Unavailable, "Another replica takes conversations of the same peer."));
    }

    public void Dispose() => _gate.Dispose();

    private async Task<(List<SyncOperation>? Operations, SyncApplyOutcome? Problem)> NewAsync(
        string peer, string receiver, UserId defaultUser, IReadOnlyList<SyncConversation> conversations, CancellationToken cancellationToken)
    {
        var all = new Dictionary<(string User, string Conversation, Guid Id), SyncOperation>();
        foreach (var conversation in conversations)
        {
            var user = conversation.UserId is { } named ? UserId.Parse(named) : defaultUser;
            if (ImportedIds.Conversation(conversation.ConversationId) is not { } id)
                return (null, new SyncApplyOutcome.Invalid("conversation_id: one is needed"));
            var read = await store.ReadAsync(
                new ReadQuery { Owner = user, ConversationId = id, Limit = ReadQuery.AllMessages }, cancellationToken).ConfigureAwait(false);
            IReadOnlySet<string> held;
            switch (read)
            {
                case ReadOutcome.Found found:
                    held = found.Conversation.Messages.Select(static message => message.Id.ToString()).ToHashSet(StringComparer.Ordinal);
                    break;
                case ReadOutcome.NotFound:
                    held = new HashSet<string>();
                    break;
                case ReadOutcome.Erased:
                    // What was erased does not come back.
                    continue;
                case ReadOutcome.Unavailable unavailable:
                    return (null, new SyncApplyOutcome.NotCommitted(unavailable.Failure));
                default:
                    return (null, new SyncApplyOutcome.NotCommitted(new StoreFailure(StoreFailureKind.Unavailable, "A stored conversation cannot be read.")));
            }

            var origin = EarlierConversations.Origin(peer, receiver, user.ToString());
            foreach (var operation in EarlierConversations.New(conversation, user.ToString(), origin, held, time.GetUtcNow())!)
                all.TryAdd((operation.UserId, operation.ConversationId!, operation.Id), operation);
        }

        return ([.. all.Values], null);
    }

    private static List<SyncOperation> Numbered(List<SyncOperation> operations, IReadOnlyDictionary<string, long> have)
    {
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        return operations.ConvertAll(one =>
        {
            var seq = (last.TryGetValue(one.Origin, out var known) ? known : have.TryGetValue(one.Origin, out var held) ? held : 0) + 1;
            return one with { Seq = last[one.Origin] = seq };
        });
    }
}
