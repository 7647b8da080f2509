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
    private readonly List<ConversationEntry> _conversations = [];
    private readonly Dictionary<string, int> _lastOfId = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _userErasures = new(StringComparer.Ordinal);
    private readonly List<int> _lastSeqs = [];

    // Replies whose question has not arrived yet: streams of two origins may come in any order.
    private readonly Dictionary<Guid, List<int>> _repliesWithoutQuestion = [];
    private bool _bulk;

    public StoreIndex(StoreNamespace storeNamespace)
    {
        _namespace = storeNamespace;
        Recency = new RecencyOrder(_conversations);
    }

    public OperationTable Operations { get; } = new();

    public NameTable Surfaces { get; } = new();

    public NameTable Origins { get; } = new();

    public IReadOnlyList<ConversationEntry> Conversations => _conversations;

    /// <summary>Ids of files that could not be imported: until they are seen to, the id is not used for something else.</summary>
    public HashSet<string> DamagedFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Shown conversations by last change.</summary>
    public RecencyOrder Recency { get; }

    /// <summary>The greatest clock of any operation.</summary>
    public HybridTimestamp LastClock { get; private set; }

    /// <summary>Greatest sequence number held of an origin; 0 when there is none.</summary>
    public int LastSeq(string origin) => Origins.TryGet(origin, out var number) ? _lastSeqs[number] : 0;

    /// <summary>Between these two calls the list by last change is not kept, which makes applying a whole log cheaper.</summary>
    public void BeginBulk() => _bulk = true;

    public void EndBulk()
    {
        _bulk = false;
        Recency.Rebuild();
    }

    /// <summary>Adds one operation. One that is held already changes nothing.</summary>
    /// <returns>Its entry number.</returns>
    public int Apply(StoredOperation operation, OperationContent content, LineLocation location)
    {
        var origin = Origins.GetOrAdd(operation.Origin);
        if (origin == _lastSeqs.Count)
            _lastSeqs.Add(0);
        foreach (var held in Operations.Find(operation.Id))
        {
            if (Operations[held].Origin == origin && Operations[held].Seq == operation.Seq)
                return held;
        }

        _lastSeqs[origin] = Math.Max(_lastSeqs[origin], checked((int)operation.Seq));
        if (operation.Hlc > LastClock)
            LastClock = operation.Hlc;
        var conversation = operation.ConversationId is { } id ? GetOrAddConversation(operation.UserId, id) : OperationEntry.None;
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
        });
        switch (content)
        {
            case OperationContent.Message message when conversation >= 0:
                ApplyMessage(number, conversation, message.Body);
                break;
            case OperationContent.Field field when conversation >= 0:
                ApplyField(number, conversation, operation, field.Body);
                break;
            case OperationContent.Erase when conversation >= 0:
                Operations[number].Flags |= EntryFlags.Erasure;
                EraseConversation(number, conversation);
                break;
            case OperationContent.Erase:
                Operations[number].Flags |= EntryFlags.Erasure;
                EraseUser(number, operation.UserId);
                break;
            case OperationContent.Stub:
                Operations[number].Flags |= EntryFlags.Erased | EntryFlags.Stub
                    | (operation.Kind == OperationKind.Message ? EntryFlags.Message : EntryFlags.None);
                break;
            default:
                // A kind of a later version, or one without its conversation: held and counted, with nothing to show.
                break;
        }

        return number;
    }

    /// <summary>The entry of a question or other operation that took this id, in the namespace of that user.</summary>
    /// <returns><see cref="OperationEntry.None"/> when the id is free.</returns>
    public int Find(UserId user, OperationId id)
    {
        foreach (var number in Operations.Find(id.Value))
        {
            ref readonly var entry = ref Operations[number];
            if ((entry.Flags & EntryFlags.Shadowed) == 0 && entry.Conversation >= 0 && IsVisibleTo(user, entry.Conversation))
                return number;
        }

        return OperationEntry.None;
    }

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

    /// <summary>The reply that a replay of a question returns: the first one that is shown.</summary>
    /// <returns><see cref="OperationEntry.None"/> while there is none.</returns>
    public int FindReply(int question)
    {
        var reply = Operations[question].NextReply;
        while (reply != OperationEntry.None && (Operations[reply].Flags & (EntryFlags.Erased | EntryFlags.Shadowed)) != 0)
            reply = Operations[reply].NextReply;
        return reply;
    }

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

    /// <summary>The conversations of an id, one for each owner, erased ones included.</summary>
    public IEnumerable<int> AllOfId(string id) =>
        AlikeOnDisk(id).Where(number => string.Equals(_conversations[number].Id, id, StringComparison.Ordinal));

    /// <summary>True when no conversation before this one has the same id, letter case ignored: files of some systems could not be told apart.</summary>
    public bool IsFirstOfName(int conversation) => AlikeOnDisk(_conversations[conversation].Id).Min() == conversation;

    private IEnumerable<int> AlikeOnDisk(string id)
    {
        for (var at = _lastOfId.GetValueOrDefault(id, OperationEntry.None); at != OperationEntry.None; at = _conversations[at].NextOfSameId)
            yield return at;
    }

    private HybridTimestamp Begun(int conversation) =>
        _conversations[conversation].Messages is { Count: > 0 } messages ? Operations[messages[0]].Hlc : new HybridTimestamp(ulong.MaxValue);

    private bool IsVisibleTo(UserId user, int conversation) =>
        _namespace == StoreNamespace.Shared || _conversations[conversation].Owner == user.ToString();

    private int GetOrAddConversation(string owner, string id)
    {
        foreach (var held in AllOfId(id))
        {
            if (_conversations[held].Owner == owner)
                return held;
        }

        var number = _conversations.Count;
        _conversations.Add(new ConversationEntry(id, owner, _lastOfId.GetValueOrDefault(id, OperationEntry.None)));
        _lastOfId[id] = number;
        return number;
    }

    private void ApplyMessage(int number, int conversation, MessageBody body)
    {
        ref var entry = ref Operations[number];
        entry.Flags |= EntryFlags.Message | (body.Role == MessageRole.User ? EntryFlags.Question : EntryFlags.None);
        entry.Surface = SurfaceNumber(body.Surface);
        var copy = ShownCopy(number);
        Remove(conversation);
        if (!IsErased(conversation, entry.Hlc))
            Touch(conversation, entry.Hlc, entry.Id, body.Timestamp);
        if (IsErased(conversation, entry.Hlc) || HasErasedCopy(number))
        {
            // One operation id is one operation: erasing a copy erases all.
            entry.Flags |= EntryFlags.Erased;
            if (copy != OperationEntry.None)
                Hide(copy, EntryFlags.Erased);
        }
        else if (copy != OperationEntry.None && !ComesBefore(number, copy))
        {
            entry.Flags |= EntryFlags.Shadowed;
        }
        else
        {
            if (copy != OperationEntry.None)
            {
                Hide(copy, EntryFlags.Shadowed);
                entry.NextReply = Operations[copy].NextReply;
            }

            Show(number, conversation);
            Link(number, conversation, body);
        }

        Add(conversation);
    }

    private void Link(int number, int conversation, MessageBody body)
    {
        if (body.Role == MessageRole.User)
            TakeWaitingReplies(number);
        else if (OperationId.TryParse(body.Meta.OperationId, out var question))
            LinkReply(number, conversation, question.Value);
    }

    private void ApplyField(int number, int conversation, StoredOperation operation, FieldBody body)
    {
        if (IsErased(conversation, operation.Hlc))
        {
            Operations[number].Flags |= EntryFlags.Erased;
            return;
        }

        Remove(conversation);
        var fields = _conversations[conversation].Fields ??= new FieldSet();
        fields.Merge(body.Name, new FieldValue(operation.Hlc, operation.Origin, body.Timestamp, body.Value.GetRawText()));
        Touch(conversation, operation.Hlc, operation.Id, body.Timestamp);
        Add(conversation);
    }

    private void EraseConversation(int number, int conversation)
    {
        var erased = _conversations[conversation];
        Remove(conversation);
        HideUpTo(conversation, new HybridTimestamp(ulong.MaxValue));
        erased.Fields = null;

        // The earliest erasure is the receipt, on every backend.
        if (!erased.IsErased || ComesBefore(number, erased.ErasedBy))
            erased.ErasedBy = number;
    }

    private void EraseUser(int number, string owner)
    {
        // The latest covers what any earlier one does.
        if (_userErasures.TryGetValue(owner, out var held) && !ComesBefore(held, number))
            return;
        _userErasures[owner] = number;
        var at = Operations[number].Hlc;
        for (var conversation = 0; conversation < _conversations.Count; conversation++)
        {
            if (_conversations[conversation].Owner != owner)
                continue;
            Remove(conversation);
            HideUpTo(conversation, at);
            _conversations[conversation].Fields?.RemoveUpTo(at);
            Add(conversation);
        }
    }

    /// <summary>True when an erasure covers an operation of that conversation and clock, now or when it arrives.</summary>
    public bool IsErased(int conversation, HybridTimestamp hlc) =>
        _conversations[conversation].IsErased
        || (_userErasures.TryGetValue(_conversations[conversation].Owner, out var erasure) && hlc <= Operations[erasure].Hlc);

    /// <summary>True when a conversation of that id was shown once and was erased: the id answers "erased" for good.</summary>
    public bool IsClosedByErasure(int conversation)
    {
        var entry = _conversations[conversation];
        return entry.IsErased || (entry.Messages.Count == 0 && _userErasures.ContainsKey(entry.Owner));
    }

    /// <summary>The entry of the erasure that closed a conversation.</summary>
    public int ErasureOf(int conversation) =>
        _conversations[conversation].IsErased ? _conversations[conversation].ErasedBy : _userErasures[_conversations[conversation].Owner];

    /// <summary>True when an operation was erased and its text still stands in the log.</summary>
    public bool HasErasedText(int number)
    {
        ref readonly var entry = ref Operations[number];
        return (entry.Flags & (EntryFlags.Erasure | EntryFlags.Stub)) == 0
            && ((entry.Flags & EntryFlags.Erased) != 0 || (entry.Conversation >= 0 && IsErased(entry.Conversation, entry.Hlc)));
    }

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

    private void HideUpTo(int conversation, HybridTimestamp last)
    {
        var messages = _conversations[conversation].Messages;
        var hidden = 0;
        while (hidden < messages.Count && Operations[messages[hidden]].Hlc <= last)
            Operations[messages[hidden++]].Flags |= EntryFlags.Erased;
        messages.RemoveFirst(hidden);
        RecountSurfaces(conversation);
    }

    private void Show(int number, int conversation)
    {
        var entry = _conversations[conversation];
        var at = entry.Messages.Count;
        while (at > 0 && ComesBefore(number, entry.Messages[at - 1]))
            at--;
        entry.Messages.Insert(at, number);
        if (at < entry.Messages.Count - 1)
            RecountSurfaces(conversation);
        else if (!entry.Surfaces.Contains(Operations[number].Surface))
            entry.Surfaces.Add(Operations[number].Surface);
    }

    private void Hide(int number, EntryFlags why)
    {
        ref var hidden = ref Operations[number];
        hidden.Flags |= why;
        var messages = _conversations[hidden.Conversation].Messages;
        for (var at = 0; at < messages.Count; at++)
        {
            if (messages[at] != number)
                continue;
            messages.RemoveAt(at);
            break;
        }

        RecountSurfaces(hidden.Conversation);
    }

    private bool HasErasedCopy(int number)
    {
        ref readonly var entry = ref Operations[number];
        foreach (var other in Operations.Find(entry.Id))
        {
            if (Operations[other].Conversation == entry.Conversation && (Operations[other].Flags & EntryFlags.Erased) != 0)
                return true;
        }

        return false;
    }

    private int ShownCopy(int number)
    {
        ref readonly var entry = ref Operations[number];
        foreach (var other in Operations.Find(entry.Id))
        {
            ref readonly var copy = ref Operations[other];
            if (other != number && copy.Conversation == entry.Conversation
                && (copy.Flags & (EntryFlags.Message | EntryFlags.Erased | EntryFlags.Shadowed)) == EntryFlags.Message)
            {
                return other;
            }
        }

        return OperationEntry.None;
    }

    /// <summary>The order of messages: clock, then id; of two copies the smaller origin.</summary>
    private bool ComesBefore(int left, int right)
    {
        ref readonly var a = ref Operations[left];
        ref readonly var b = ref Operations[right];
        if (a.Hlc != b.Hlc)
            return a.Hlc < b.Hlc;
        return a.Id != b.Id ? a.Id < b.Id : string.CompareOrdinal(Origins[a.Origin], Origins[b.Origin]) < 0;
    }

    private void InsertReply(int question, int reply)
    {
        var before = question;
        while (Operations[before].NextReply is >= 0 and var next && ComesBefore(next, reply))
            before = next;
        Operations[reply].NextReply = Operations[before].NextReply;
        Operations[before].NextReply = reply;
    }

    private void LinkReply(int reply, int conversation, Guid questionId)
    {
        foreach (var question in Operations.Find(questionId))
        {
            ref readonly var entry = ref Operations[question];
            if (entry.Conversation != conversation || (entry.Flags & (EntryFlags.Question | EntryFlags.Shadowed)) != EntryFlags.Question)
                continue;
            InsertReply(question, reply);
            return;
        }

        if (!_repliesWithoutQuestion.TryGetValue(questionId, out var waiting))
            _repliesWithoutQuestion[questionId] = waiting = [];
        waiting.Add(reply);
    }

    private void TakeWaitingReplies(int question)
    {
        ref readonly var entry = ref Operations[question];
        if (!_repliesWithoutQuestion.TryGetValue(entry.Id, out var waiting))
            return;
        foreach (var reply in waiting.ToArray())
        {
            if (Operations[reply].Conversation != entry.Conversation)
                continue;
            waiting.Remove(reply);
            LinkReply(reply, entry.Conversation, entry.Id);
        }

        if (waiting.Count == 0)
            _repliesWithoutQuestion.Remove(entry.Id);
    }

    private void Touch(int conversation, HybridTimestamp hlc, Guid id, DateTimeOffset timestamp)
    {
        var entry = _conversations[conversation];
        if (entry.Last.Hlc > hlc || (entry.Last.Hlc == hlc && entry.Last.Id >= id))
            return;
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

    private void RecountSurfaces(int conversation)
    {
        var entry = _conversations[conversation];
        entry.Surfaces.Clear();
        for (var at = 0; at < entry.Messages.Count; at++)
        {
            var surface = Operations[entry.Messages[at]].Surface;
            if (!entry.Surfaces.Contains(surface))
                entry.Surfaces.Add(surface);
        }
    }

    private ushort SurfaceNumber(string surface) =>
        (ushort)(Surfaces.TryGet(surface, out var known) ? known
            : Surfaces.GetOrAdd(Surfaces.Count < MaxSurfaces - 1 ? surface : OtherSurface));
}
