using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Index;

/// <summary>
/// The state that the set of applied operations makes, without their texts. Applying is commutative, associative and idempotent:
/// the same operations in any order, repeated or not, give the same conversations (design.md §5).
/// Not thread-safe: its owner holds a lock.
/// </summary>
internal sealed class StoreIndex
{
    private readonly StoreNamespace _namespace;
    private readonly ConversationTable _conversations = new();
    private readonly OriginTable _origins = new();
    private readonly OperationOrder _order;
    private readonly ShownMessages _shown;
    private readonly ReplyLinks _replies;
    private readonly Erasures _erasures;
    private readonly OperationEffects _effects;

    public StoreIndex(StoreNamespace storeNamespace)
    {
        _namespace = storeNamespace;
        _order = new OperationOrder(Operations, _origins.Names);
        _shown = new ShownMessages(Operations, _conversations, _order);
        _replies = new ReplyLinks(Operations, _order);
        _erasures = new Erasures(Operations, _conversations);
        Recency = new RecencyOrder(_conversations);
        _effects = new OperationEffects(Operations, _conversations, Surfaces, _order, _shown, _replies, _erasures, Recency);
    }

    public OperationTable Operations { get; } = new();

    public NameTable Surfaces { get; } = new();

    public NameTable Origins => _origins.Names;

    public ConversationTable Conversations => _conversations;

    /// <summary>Ids of files that could not be imported: until they are seen to, the id is not used for something else.</summary>
    public HashSet<string> DamagedFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Shown conversations by last change.</summary>
    public RecencyOrder Recency { get; }

    /// <summary>The greatest clock of any operation.</summary>
    public HybridTimestamp LastClock { get; private set; }

    /// <summary>Greatest sequence number held of an origin; 0 when there is none.</summary>
    public int LastSeq(string origin) => _origins.LastSeq(origin);

    /// <summary>What is saved and read back.</summary>
    public SavedParts Saved => new(_origins, _replies, _erasures);

    /// <summary>Takes what was saved; the index must be empty but for its operations and its conversations.</summary>
    public void Restore(HybridTimestamp lastClock)
    {
        LastClock = lastClock;
        IndexRestore.Run(Operations, _conversations, _origins, _order);
    }

    /// <summary>Between these two calls the list by last change is not kept, which makes applying a whole log cheaper.</summary>
    public void BeginBulk() => _effects.KeepsRecency = false;

    public void EndBulk()
    {
        _effects.KeepsRecency = true;
        Recency.Rebuild();
    }

    /// <summary>The streams of operations held.</summary>
    public OriginTable Streams => _origins;

    /// <summary>Adds one operation. One that is held already changes nothing.</summary>
    /// <returns>Its entry number.</returns>
    public int Apply(StoredOperation operation, OperationContent content, LineLocation location)
    {
        var number = Hold(operation, content, location, out var isNew);
        if (isNew)
            Interpret(number, operation, content);
        return number;
    }

    /// <summary>Adds one operation without what follows from it: it is held and counted, neither shown nor ordered, and its clock is not taken over.</summary>
    public int Hold(StoredOperation operation, OperationContent content, LineLocation location, out bool isNew)
    {
        var origin = _origins.GetOrAdd(operation.Origin, operation.UserId);
        isNew = false;
        foreach (var held in Operations.Find(operation.Id))
        {
            if (Operations[held].Origin == origin && Operations[held].Seq == operation.Seq)
                return held;
        }

        isNew = true;
        var conversation = operation.ConversationId is { } id ? _conversations.GetOrAdd(operation.UserId, id) : OperationEntry.None;
        var number = Operations.Add(new OperationEntry
        {
            Id = operation.Id,
            Hlc = operation.Hlc,
            Segment = location.Segment,
            Offset = location.Offset,
            Length = location.Length,
            Origin = origin,
            Seq = (int)operation.Seq,
            Conversation = conversation,
            NextReply = OperationEntry.None,
            Flags = content is OperationContent.Erase ? EntryFlags.Erasure : EntryFlags.None,
        });
        _origins.Place(origin, checked((int)operation.Seq), number, content is OperationContent.Erase);
        return number;
    }

    /// <summary>Lets a held operation take effect; to be called once for each.</summary>
    /// <param name="takesClock">False for one whose clock is ahead and must not become own time.</param>
    public void Interpret(int number, StoredOperation operation, OperationContent content, bool takesClock = true)
    {
        if (takesClock && operation.Hlc > LastClock)
            LastClock = operation.Hlc;
        _effects.Take(number, operation, content);
    }

    /// <summary>The entry of a question or other operation that took this id, in the namespace of that user.</summary>
    /// <returns><see cref="OperationEntry.None"/> when the id is free.</returns>
    public int Find(UserId user, OperationId id) => Find(user, id, EntryFlags.None);

    /// <summary>The same among what is held back because its clock is ahead.</summary>
    public int FindHeldBack(UserId user, OperationId id) => Find(user, id, EntryFlags.Quarantined);

    /// <summary>True when that owner has an operation of this id, erased or not.</summary>
    public bool Holds(OperationId id, string owner)
    {
        foreach (var number in Operations.Find(id.Value))
        {
            if (Operations[number].Conversation is >= 0 and var conversation && _conversations[conversation].Owner == owner)
                return true;
        }

        return false;
    }

    /// <inheritdoc cref="ReplyLinks.FirstWaiting"/>
    public int FindWaitingReply(int conversation, OperationId question) => _replies.FirstWaiting(conversation, question.Value);

    /// <summary>True when some copy of an operation was erased and its text still stands in the log.</summary>
    public bool HasCopyWithErasedText(int number)
    {
        foreach (var copy in Operations.Find(Operations[number].Id))
        {
            if (Operations[copy].Conversation == Operations[number].Conversation && HasErasedText(copy))
                return true;
        }

        return false;
    }

    /// <summary>One operation id is one operation: what is held back goes with a copy of it that was erased.</summary>
    public void EraseIfCopyIs(int number)
    {
        if (Operations[number].Conversation >= 0 && _shown.HasErasedCopy(number))
            Operations.Change(number).Flags |= EntryFlags.Erased;
    }

    /// <inheritdoc cref="ReplyLinks.FirstShown"/>
    public int FindReply(int question) => _replies.FirstShown(question);

    /// <summary>The conversation a user means by an id, erased ones included; of several that share a namespace the one begun first.</summary>
    /// <param name="user">Null for one who may read all.</param>
    /// <param name="ambiguous">True when several owners have the id, each namespace is a user's own, and none was named.</param>
    public int FindConversation(UserId? user, ConversationId id, out bool ambiguous)
    {
        ambiguous = false;
        var found = OperationEntry.None;
        foreach (var number in AllOfId(id.ToString()))
        {
            if (user is { } named && !IsVisibleTo(named, number))
                continue;
            if (found == OperationEntry.None)
            {
                found = number;
                continue;
            }

            ambiguous = _namespace == StoreNamespace.PerUser;
            if (Begun(number) < Begun(found))
                found = number;
        }

        return found;
    }

    /// <inheritdoc cref="ConversationTable.AllOfId"/>
    public IEnumerable<int> AllOfId(string id) => _conversations.AllOfId(id);

    /// <inheritdoc cref="ConversationTable.IsFirstOfName"/>
    public bool IsFirstOfName(int conversation) => _conversations.IsFirstOfName(conversation);

    /// <inheritdoc cref="Erasures.OfUsers"/>
    public IReadOnlyDictionary<string, int> UserErasures => _erasures.OfUsers;

    /// <inheritdoc cref="Erasures.Cover"/>
    public bool IsErased(int conversation, HybridTimestamp hlc) => _erasures.Cover(conversation, hlc);

    /// <inheritdoc cref="Erasures.Close"/>
    public bool IsClosedByErasure(int conversation) => _erasures.Close(conversation);

    /// <inheritdoc cref="Erasures.Of"/>
    public int ErasureOf(int conversation) => _erasures.Of(conversation);

    /// <inheritdoc cref="Erasures.LeftTextOf"/>
    public bool HasErasedText(int number) => _erasures.LeftTextOf(number);

    /// <summary>Messages of a conversation that were erased.</summary>
    public int CountErasedMessages(int conversation)
    {
        var count = 0;
        for (var number = 0; number < Operations.Count; number++)
        {
            ref readonly var entry = ref Operations[number];
            if (entry.Conversation == conversation && (entry.Flags & (EntryFlags.Message | EntryFlags.Erased | EntryFlags.Shadowed)) == (EntryFlags.Message | EntryFlags.Erased))
                count++;
        }

        return count;
    }

    private int Find(UserId user, OperationId id, EntryFlags wanted)
    {
        foreach (var number in Operations.Find(id.Value))
        {
            ref readonly var entry = ref Operations[number];
            if ((entry.Flags & (EntryFlags.Shadowed | EntryFlags.Quarantined)) == wanted && entry.Conversation >= 0 && IsVisibleTo(user, entry.Conversation))
                return number;
        }

        return OperationEntry.None;
    }

    private HybridTimestamp Begun(int conversation) =>
        _conversations[conversation].Messages is { Count: > 0 } messages ? Operations[messages[0]].Hlc : new HybridTimestamp(ulong.MaxValue);

    private bool IsVisibleTo(UserId user, int conversation) =>
        _namespace == StoreNamespace.Shared || _conversations[conversation].Owner == user.ToString();

}

/// <summary>The parts of an index that a snapshot saves beside its operations.</summary>
internal readonly record struct SavedParts(OriginTable Origins, ReplyLinks Replies, Erasures Erasures);
