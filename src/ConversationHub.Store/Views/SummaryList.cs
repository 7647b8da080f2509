using System.Collections;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Views;

/// <summary>Summaries that are made one by one while they are written: those of a large store together would take hundreds of megabytes.</summary>
/// <param name="numbers">Of the conversations.</param>
/// <param name="make">Null for one that is not shown any more: it is left out.</param>
internal sealed class SummaryList(IReadOnlyList<int> numbers, Func<int, ConversationSummary?> make) : IReadOnlyList<ConversationSummary>
{
    public int Count => numbers.Count;

    public ConversationSummary this[int index] => throw new NotSupportedException("It is only walked.");

    public IEnumerator<ConversationSummary> GetEnumerator()
    {
        foreach (var number in numbers)
        {
            if (make(number) is { } summary)
                yield return summary;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
