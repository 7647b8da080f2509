using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Sync;

/// <summary>
/// Copies what lies beyond a hole in one of this store's own streams into its present stream, under the same ids and clocks:
/// one operation id is one operation, so nothing is shown twice, and no two backends ever hold different things under one number (decision 46).
/// </summary>
internal sealed class Reissuer(LogState state, CommitLoop writer, SegmentFiles files, string backendId, TimeProvider time)
{
    public async Task<(int Count, StoreFailure? Failure)> RunAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var part in Stranded())
        {
            var operations = new List<OperationDraft>();
            var clocks = new List<Clock.HybridTimestamp>();
            foreach (var place in part.Places)
            {
                if (!files.TryRead(place, out var operation, out var content) || Draft(operation!, content!) is not { } draft)
                    continue;
                operations.Add(draft);
                clocks.Add(operation!.Hlc);
            }

            if (operations.Count == 0)
                continue;
            var id = part.ConversationId is { } text ? ConversationId.Parse(text) : (ConversationId?)null;
            var write = new PendingWrite(WriteKind.Reissue, UserId.Parse(part.User), id, operations) { At = time.GetUtcNow(), Clocks = clocks };
            writer.Submit(write);
            if (await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false) is WriteResult.NotCommitted refused)
                return (count, refused.Failure);
            count += operations.Count;
        }

        return (count, null);
    }

    private static OperationDraft? Draft(StoredOperation operation, OperationContent content) => content switch
    {
        OperationContent.Message message => OperationDraft.Of(new OperationId(operation.Id), message.Body),
        OperationContent.Field field => OperationDraft.Of(new OperationId(operation.Id), field.Body),
        OperationContent.Erase erase => OperationDraft.Of(new OperationId(operation.Id), erase.Body),

        // Erased: there is nothing to be had of it.
        _ => null,
    };

    /// <summary>By conversation, at most one batch each: more is taken by the next call.</summary>
    private List<Part> Stranded()
    {
        lock (state.Gate)
        {
            var index = state.Index;
            var all = new List<int>();
            for (var number = 0; number < index.Streams.All.Count; number++)
            {
                if (!index.Origins[number].StartsWith(backendId, StringComparison.Ordinal))
                    continue;
                var stream = index.Streams.All[number];
                all.AddRange(stream.Early.Order().Select(seq => stream.NumberAt(seq)).Where(entry => IsStranded(entry)));
            }

            return
            [
                .. all.GroupBy(entry => index.Operations[entry].Conversation)
                    .Select(group => new Part(
                        index.Streams.All[index.Operations[group.First()].Origin].User,
                        group.Key >= 0 ? index.Conversations[group.Key].Id : null,
                        [.. group.Take(SyncLimits.BatchOperations).Select(entry => ConversationReader.Location(index, entry))])),
            ];
        }
    }

    /// <summary>Not erased, and no copy of it stands where a peer can get it.</summary>
    private bool IsStranded(int entry)
    {
        var index = state.Index;
        if ((index.Operations[entry].Flags & EntryFlags.Erased) != 0 || index.HasErasedText(entry))
            return false;
        foreach (var copy in index.Operations.Find(index.Operations[entry].Id))
        {
            if (copy != entry && index.Operations[copy].Seq <= index.Streams.All[index.Operations[copy].Origin].Contiguous)
                return false;
        }

        return true;
    }

    private sealed record Part(string User, string? ConversationId, IReadOnlyList<LineLocation> Places);
}
