using ConversationHub.Store.Index;
using ConversationHub.Store.Repair;

namespace ConversationHub.Store.Maintenance;

/// <summary>
/// Every origin holds the operations 1…n: what is missing between them was lost. Erasures of other backends come before their turn (wire.md §9.5),
/// so what is missing before them alone is only not here yet.
/// </summary>
internal static class SeqCheck
{
    /// <param name="backendId">Whose own streams have no operation before its turn.</param>
    public static IEnumerable<LostOperations> FindGaps(StoreIndex index, string backendId)
    {
        foreach (var origin in Enumerable.Range(0, index.Origins.Count).Select(number => index.Origins[number]))
        {
            if (index.Streams.Find(origin) is not { } stream)
                continue;
            var expected = stream.Contiguous + 1;
            var isOwn = origin.StartsWith(backendId + "~", StringComparison.Ordinal);
            var erasures = isOwn ? [] : stream.Erasures.ToHashSet();
            var early = stream.Early.Order().ToArray();
            var last = Array.FindLastIndex(early, seq => !erasures.Contains(seq));
            foreach (var seq in early.Take(last + 1))
            {
                if (seq != expected)
                    yield return new LostOperations(origin, expected, seq - 1);
                expected = seq + 1;
            }
        }
    }
}
