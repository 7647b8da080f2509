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
    /// <summary>Surfaces are free text; those beyond are counted as one.</summary>
    private const int MaxSurfaces = ushort.MaxValue;

    private const string OtherSurface = "other";

    private readonly StoreNamespace _namespace;
    private readonly ConversationTable _conversations = new();
    private readonly OriginTable _origins = new();
    private readonly OperationOrder _order;
    private readonly ShownMessages _shown;
    private readonly ReplyLinks _replies;
    private readonly Erasures _erasures;
    private bool _bulk;

    public StoreIndex(StoreNamespace storeNamespace)
    {
        _namespace = storeNamespace;
        _order = new OperationOrder(Operations, _origins.Names);
        _shown = new ShownMessages(Operations, _conversations, _order);
        _replies = new ReplyLinks(Operations, _order);
        _erasures = new Erasures(Operations, _conversations);
        Recency = new RecencyOrder(_conversations.All);
    }

    public OperationTable Operations { get; } = new();

    public NameTable Surfaces { get; } = new();

    public NameTable Origins => _origins.Names;

    public IReadOnlyList<ConversationEntry> Conversations => _conversations.All;

    /// <summary>Ids of files that could not be imported: until they are seen to, the id is not used for something else.</summary>
    public HashSet<string> DamagedFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Shown conversations by last change.</summary>
    public RecencyOrder Recency { get; }

    /// <summary>The greatest clock of any operation.</summary>
    public HybridTimestamp LastClock { get; private set; }

    /// <summary>Greatest sequence number held of an origin; 0 when there is none.</summary>
    public int LastSeq(string origin) => _origins.LastSeq(origin);

    /// <summary>What is saved and read back.</summary>
    public SavedParts Saved => new(_conversations, _origins, _replies, _erasures);

    /// <summary>Takes what was saved; the index must be empty.</summary>
    public void Restore(HybridTimestamp lastClock)
    {
        LastClock = lastClock;
        var counts = new int[_conversations.All.Count];
        for (var pass = 0; pass < 2; pass++)
        {
            for (var number = 0; number < Operations.Count; number++)
            {
                ref readonly var entry = ref Operations[number];
                if (pass == 0)
                    _origins.Place(entry.Origin, entry.Seq, number, (entry.Flags & EntryFlags.Erasure) != 0);
                if ((entry.Flags & (EntryFlags.Message | EntryFlags.Erased | EntryFlags.Shadowed)) != EntryFlags.Message || entry.Conversation < 0)
                    continue;
                if (pass == 0)
                    counts[entry.Conversation]++;
                else
                    _shown.Show(number, entry.Conversation);
            }

            for (var conversation = 0; pass == 0 && conversation < counts.Length; conversation++)
                _conversations[conversation].Messages.Reserve(counts[conversation]);
        }
    }

    /// <summary>Between these two calls the list by last change is not kept, which makes applying a whole log cheaper.</summary>
    public void BeginBulk() => _bulk = true;

    public void EndBulk()
    {
        _bulk = false;
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
        var conversation = Operations[number].Conversation;
        Operations.Change(number).Flags &= ~EntryFlags.Quarantined;
        if (takesClock && operation.Hlc > LastClock)
            LastClock = operation.Hlc;
        switch (content)
        {
            case OperationContent.Message message when conversation >= 0:
                ApplyMessage(number, conversation, message.Body);
                break;
            case OperationContent.Field field when conversation >= 0:
                ApplyField(number, conversation, operation, field.Body);
                break;
            case OperationContent.Erase when conversation >= 0:
                Operations.Change(number).Flags |= EntryFlags.Erasure;
                EraseConversation(number, conversation);
                break;
            case OperationContent.Erase:
                Operations.Change(number).Flags |= EntryFlags.Erasure;
                EraseUser(number, operation.UserId);
                break;
            case OperationContent.Stub:
                ApplyStub(number, conversation, operation);
                break;
            default:
                // A kind of a later version, or one without its conversation: held and counted, with nothing to show.
                break;
        }
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

    private void ApplyMessage(int number, int conversation, MessageBody body)
    {
        ref var entry = ref Operations.Change(number);
        entry.Flags |= EntryFlags.Message | (body.Role == MessageRole.User ? EntryFlags.Question : EntryFlags.None);
        entry.Surface = SurfaceNumber(body.Surface);
        _conversations.Changed(conversation);
        var copy = _shown.CopyOf(number);
        Remove(conversation);
        if (!IsErased(conversation, entry.Hlc))
            Touch(conversation, entry.Hlc, entry.Id, body.Timestamp);
        if (IsErased(conversation, entry.Hlc) || _shown.HasErasedCopy(number))
        {
            entry.Flags |= EntryFlags.Erased;
            if (copy != OperationEntry.None)
                _shown.Hide(copy, EntryFlags.Erased);
            _shown.EraseCopies(number);
        }
        else if (copy != OperationEntry.None && !_order.ComesBefore(number, copy))
        {
            entry.Flags |= EntryFlags.Shadowed;
        }
        else
        {
            if (copy != OperationEntry.None)
            {
                _shown.Hide(copy, EntryFlags.Shadowed);
                entry.NextReply = Operations[copy].NextReply;
            }

            _shown.Show(number, conversation);
            Link(number, conversation, body);
        }

        Add(conversation);
    }

    private void ApplyStub(int number, int conversation, StoredOperation operation)
    {
        Operations.Change(number).Flags |= EntryFlags.Erased | EntryFlags.Stub
            | (operation.Kind == OperationKind.Message ? EntryFlags.Message : EntryFlags.None);
        if (conversation == OperationEntry.None || operation.Kind != OperationKind.Message)
            return;
        if (_shown.CopyOf(number) is >= 0 and var copy)
        {
            Remove(conversation);
            _shown.Hide(copy, EntryFlags.Erased);
            _conversations.Changed(conversation);
            Add(conversation);
        }

        _shown.EraseCopies(number);
    }

    private void Link(int number, int conversation, MessageBody body)
    {
        if (body.Role == MessageRole.User)
            _replies.TakeWaiting(number);
        else if (OperationId.TryParse(body.Meta.OperationId, out var question))
            _replies.Add(number, conversation, question.Value);
    }

    private void ApplyField(int number, int conversation, StoredOperation operation, FieldBody body)
    {
        if (IsErased(conversation, operation.Hlc))
        {
            Operations.Change(number).Flags |= EntryFlags.Erased;
            return;
        }

        Remove(conversation);
        var fields = _conversations[conversation].Fields ??= new FieldSet();
        _conversations.Changed(conversation);
        fields.Merge(body.Name, new FieldValue(operation.Hlc, operation.Origin, body.Timestamp, body.Value.GetRawText()));
        Touch(conversation, operation.Hlc, operation.Id, body.Timestamp);
        Add(conversation);
    }

    private void EraseConversation(int number, int conversation)
    {
        var erased = _conversations[conversation];
        Remove(conversation);
        _shown.EraseUpTo(conversation, new HybridTimestamp(ulong.MaxValue));
        erased.Fields = null;
        _conversations.Changed(conversation);

        // The earliest erasure is the receipt, on every backend.
        if (!erased.IsErased || _order.ComesBefore(number, erased.ErasedBy))
            erased.ErasedBy = number;
    }

    private void EraseUser(int number, string owner)
    {
        if (!_erasures.TryAddUser(owner, number, _order))
            return;
        var at = Operations[number].Hlc;
        for (var conversation = 0; conversation < Conversations.Count; conversation++)
        {
            if (_conversations[conversation].Owner != owner)
                continue;
            Remove(conversation);
            _shown.EraseUpTo(conversation, at);
            _conversations[conversation].Fields?.RemoveUpTo(at);
            _conversations.Changed(conversation);
            Add(conversation);
        }
    }

    private void Touch(int conversation, HybridTimestamp hlc, Guid id, DateTimeOffset timestamp)
    {
        var entry = _conversations[conversation];
        if (entry.Last.Hlc > hlc || (entry.Last.Hlc == hlc && entry.Last.Id >= id))
            return;
        _conversations.Changed(conversation);
        entry.Last = (hlc, id);
        entry.UpdatedTicks = WireTime.Truncate(timestamp).UtcTicks;
    }

    private void Remove(int conversation)
    {
        if (!_bulk && _conversations[conversation].IsShown)
            Recency.Remove(conversation);
    }

    private void Add(int conversation)
    {
        if (!_bulk && _conversations[conversation].IsShown)
            Recency.Insert(conversation);
    }

    private ushort SurfaceNumber(string surface) =>
        (ushort)(Surfaces.TryGet(surface, out var known) ? known
            : Surfaces.GetOrAdd(Surfaces.Count < MaxSurfaces - 1 ? surface : OtherSurface));
}

/// <summary>The parts of an index that a snapshot saves beside its operations.</summary>
internal readonly record struct SavedParts(ConversationTable Conversations, OriginTable Origins, ReplyLinks Replies, Erasures Erasures);
