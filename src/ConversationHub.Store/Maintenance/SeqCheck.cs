using ConversationHub.Store.Index;

namespace ConversationHub.Store.Maintenance;

/// <summary>Every origin holds the operations 1…n: what is missing between them was lost.</summary>
internal static class SeqCheck
{
    public static IEnumerable<string> FindGaps(StoreIndex index)
    {
        var seqs = new SortedSet<int>[index.Origins.Count];
        for (var origin = 0; origin < seqs.Length; origin++)
            seqs[origin] = [];
        for (var number = 0; number < index.Operations.Count; number++)
            seqs[index.Operations[number].Origin].Add(index.Operations[number].Seq);
        for (var origin = 0; origin < seqs.Length; origin++)
        {
            var expected = 1;
            foreach (var seq in seqs[origin])
            {
                if (seq != expected)
                    yield return $"operations {expected} to {seq - 1} of {index.Origins[origin]} are missing";
                expected = seq + 1;
            }
        }
    }
}
