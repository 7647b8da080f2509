using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using ConversationHub.Store.Sync;
using ConversationHub.Store.Views;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store;

/// <summary>
/// What the log store holds in memory. One thread changes it, under the gate; that thread may read without the gate, all others need it.
/// The search index needs no gate.
/// </summary>
internal sealed class LogState(StoreNamespace storeNamespace, bool searches, Quarantine? quarantine = null)
{
    private int _lateErasures;

    public Lock Gate { get; } = new();

    public StoreIndex Index { get; } = new(storeNamespace);

    public SearchIndex Search { get; } = new(searches);

    /// <summary>What is held back because its clock is ahead.</summary>
    public Quarantine Quarantine { get; } = quarantine ?? Quarantine.Open;

    /// <summary>Keys of segments with damaged regions.</summary>
    public HashSet<int> DamagedSegments { get; } = [];

    /// <summary>Conversations whose files are behind the log.</summary>
    public ViewBacklog DirtyViews { get; } = new();

    /// <summary>True, once, when something arrived that an earlier erasure covers: its text stands in the log and must go.</summary>
    public bool TakeLateErasures() => Interlocked.Exchange(ref _lateErasures, 0) != 0;

    /// <summary>Shows a batch that is durable.</summary>
    /// <param name="at">Where its first byte stands.</param>
    public void Apply(List<AdmittedWrite> batch, LineLocation at)
    {
        lock (Gate)
        {
            foreach (var admitted in batch)
            {
                foreach (var line in admitted.Lines)
                {
                    var location = new LineLocation(at.Segment, at.Offset + line.Offset, line.Length);
                    Apply(line.Operation, line.Draft.Content, location, line.Draft.Terms);
                }
            }
        }
    }

    /// <summary>Shows one operation. While a store is being opened no gate is needed.</summary>
    /// <param name="terms">Of a message.</param>
    public void Apply(StoredOperation operation, OperationContent content, LineLocation location, TermCounts terms)
    {
        var number = Index.Hold(operation, content, location, out var isNew);
        if (!isNew)
            return;
        var isAhead = Quarantine.IsAhead(operation, content);
        if (isAhead)
        {
            Index.Operations.Change(number).Flags |= EntryFlags.Quarantined;
            Quarantine.Add(number, operation.Hlc);
            Index.EraseIfCopyIs(number);
            if (Index.HasErasedText(number))
                Interlocked.Exchange(ref _lateErasures, 1);
        }
        else
        {
            Interpret(number, operation, content);
        }

        // What is held back is indexed too, since the index takes documents in order; a search leaves it out until its time.
        var second = content is OperationContent.Message message ? DocumentFacts.SecondOf(message.Body.Timestamp) : 0;
        ref readonly var entry = ref Index.Operations[number];
        var owner = entry.Conversation >= 0 ? Index.Conversations.Row(entry.Conversation).Owner : 0;
        Search.Add(number, new DocumentFacts(owner, second, entry.Surface, DocumentFacts.LengthOf(terms)), terms);
    }

    /// <summary>Lets what was held back take effect, now that time has caught up. Needs the gate.</summary>
    public void Interpret(int number, StoredOperation operation, OperationContent content)
    {
        Index.Interpret(number, operation, content, Quarantine.TakesClock(operation, content));

        // It was indexed when it came, before its surface was known here; its conversation, and with it its owner, was.
        if (Search.Documents[number] is { Length: > 0 } facts)
            Search.Count(number, facts with { Surface = Index.Operations[number].Surface });
        // An erasure itself may have been made by somebody who did not wait for it.
        if (content is OperationContent.Erase || Index.HasErasedText(number) || (content is OperationContent.Stub && Index.HasCopyWithErasedText(number)))
            Interlocked.Exchange(ref _lateErasures, 1);
        MarkViews(number, operation);
    }

    /// <summary>How many operations the streams of a backend have had (<see cref="Origins.SentMark.Operations"/>).</summary>
    public long OwnOperations(string backendId)
    {
        var prefix = backendId + "~";
        lock (Gate)
        {
            var sum = 0L;
            for (var number = 0; number < Index.Streams.All.Count; number++)
            {
                if (Index.Streams.Names[number].StartsWith(prefix, StringComparison.Ordinal))
                    sum += Index.Streams.All[number].LastSeq;
            }

            return sum;
        }
    }

    /// <summary>Conversations that something is held back of, which nobody sees yet and which may not be called untouched. Needs the gate, or the writer's thread.</summary>
    public HashSet<int> HeldBackConversations() =>
        [.. Quarantine.Numbers.Where(number => (Index.Operations[number].Flags & EntryFlags.Erased) == 0).Select(number => Index.Operations[number].Conversation)];

    private void MarkViews(int number, StoredOperation operation)
    {
        if (Index.Operations[number].Conversation is >= 0 and var conversation)
        {
            DirtyViews.Add(conversation);
            return;
        }

        // The erasure of a user: every file of theirs.
        for (var at = 0; at < Index.Conversations.Count; at++)
        {
            if (Index.Conversations[at].Owner == operation.UserId)
                DirtyViews.Add(at);
        }
    }
}
