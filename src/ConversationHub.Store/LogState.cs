using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store;

/// <summary>
/// What the log store holds in memory. One thread changes it, under the gate; that thread may read without the gate, all others need it.
/// The search index needs no gate.
/// </summary>
internal sealed class LogState(StoreNamespace storeNamespace)
{
    public Lock Gate { get; } = new();

    public StoreIndex Index { get; } = new(storeNamespace);

    public SearchIndex Search { get; } = new();

    /// <summary>Numbers of owners, as the search index has them.</summary>
    public NameTable Owners { get; } = new();

    /// <summary>Shows a batch that is durable.</summary>
    /// <param name="at">Where its first byte stands.</param>
    public void Apply(List<AdmittedWrite> batch, LineLocation at)
    {
        lock (Gate)
        {
            foreach (var admitted in batch)
            {
                var location = new LineLocation(at.Segment, at.Offset + admitted.Offset, admitted.Length);
                var message = new OperationContent.Message(admitted.Write.Message);
                Apply(admitted.Operation, message, location, admitted.Write.Terms);
            }
        }
    }

    /// <summary>Shows one operation. While a store is being opened no gate is needed.</summary>
    /// <param name="terms">Of a message.</param>
    public void Apply(StoredOperation operation, OperationContent content, LineLocation location, TermCounts terms)
    {
        var before = Index.Operations.Count;
        var number = Index.Apply(operation, content, location);
        if (number == before)
            Search.Add(number, Owners.GetOrAdd(operation.UserId), Index.Operations[number].Surface, terms);
    }
}
