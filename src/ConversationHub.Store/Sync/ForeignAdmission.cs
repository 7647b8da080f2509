using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Sync;

/// <summary>
/// Decides what of a peer's batch is taken (wire.md §9.5): within an origin in sequence, what lies beyond a gap is dropped and comes again,
/// erasures are taken out of turn, what is held is passed over. Pure.
/// </summary>
internal static class ForeignAdmission
{
    public static ForeignAdmittance Decide(StoreIndex held, IReadOnlyList<StoredOperation> batch)
    {
        var taken = new Dictionary<(string Origin, long Seq), Guid>();
        var next = new Dictionary<string, long>(StringComparer.Ordinal);
        var accepted = new List<int>();
        foreach (var at in InOrder(batch))
        {
            var operation = batch[at];
            var stream = held.Streams.Find(operation.Origin);
            if (stream is not null && stream.User != operation.UserId)
                return new ForeignAdmittance([], operation.Origin);
            var known = IdAt(held, stream, operation.Seq) ?? (taken.TryGetValue((operation.Origin, operation.Seq), out var id) ? id : null);
            if (known is { } other)
            {
                if (other != operation.Id)
                    return new ForeignAdmittance([], operation.Origin);
                continue;
            }

            if (operation.Kind != OperationKind.Erase && Next(operation.Origin) != operation.Seq)
                continue;
            taken.Add((operation.Origin, operation.Seq), operation.Id);
            accepted.Add(at);
        }

        return new ForeignAdmittance(accepted, null);

        long Next(string origin)
        {
            var stream = held.Streams.Find(origin);
            var seq = next.TryGetValue(origin, out var known) ? known : (stream?.Contiguous ?? 0) + 1;
            while (taken.ContainsKey((origin, seq)) || (stream is not null && stream.NumberAt(seq) != OperationEntry.None))
                seq++;
            return next[origin] = seq;
        }
    }

    /// <summary>Erasures first, then each stream in its sequence.</summary>
    private static IEnumerable<int> InOrder(IReadOnlyList<StoredOperation> batch) => Enumerable.Range(0, batch.Count)
        .OrderBy(at => batch[at].Kind == OperationKind.Erase ? 0 : 1)
        .ThenBy(at => batch[at].Origin, StringComparer.Ordinal)
        .ThenBy(at => batch[at].Seq);

    private static Guid? IdAt(StoreIndex held, OriginEntry? stream, long seq) =>
        stream?.NumberAt(seq) is >= 0 and var number ? held.Operations[number].Id : null;
}

/// <param name="Accepted">Places in the batch, in the order in which they are to be applied.</param>
/// <param name="Conflict">An origin under one of whose numbers another operation is held, or which is another user's: then nothing is taken.</param>
internal sealed record ForeignAdmittance(IReadOnlyList<int> Accepted, string? Conflict);
