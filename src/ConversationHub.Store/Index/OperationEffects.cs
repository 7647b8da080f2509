using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Index;

/// <summary>What an operation does to conversations once it is held. The order of operations makes no difference. Not thread-safe.</summary>
internal sealed class OperationEffects(
    OperationTable operations, ConversationTable conversations, NameTable surfaces, OperationOrder order, ShownMessages shown, ReplyLinks replies,
    Erasures erasures, RecencyOrder recency)
{
    /// <summary>Surfaces are free text; those beyond are counted as one.</summary>
    private const int MaxSurfaces = ushort.MaxValue;

    private const string OtherSurface = "other";

    /// <summary>False: the order by last change is made anew afterwards.</summary>
    public bool KeepsRecency { get; set; } = true;

    /// <summary>Lets a held operation take effect; to be called once for each.</summary>
    public void Take(int number, StoredOperation operation, OperationContent content)
    {
        var conversation = operations[number].Conversation;
        operations.Change(number).Flags &= ~EntryFlags.Quarantined;
        switch (content)
        {
            case OperationContent.Message message when conversation >= 0:
                ApplyMessage(number, conversation, message.Body);
                break;
            case OperationContent.Field field when conversation >= 0:
                ApplyField(number, conversation, operation, field.Body);
                break;
            case OperationContent.Erase when conversation >= 0:
                operations.Change(number).Flags |= EntryFlags.Erasure;
                EraseConversation(number, conversation);
                break;
            case OperationContent.Erase:
                operations.Change(number).Flags |= EntryFlags.Erasure;
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

    private void ApplyMessage(int number, int conversation, MessageBody body)
    {
        ref var entry = ref operations.Change(number);
        entry.Flags |= EntryFlags.Message | (body.Role == MessageRole.User ? EntryFlags.Question : EntryFlags.None);
        entry.Surface = SurfaceNumber(body.Surface);
        conversations.Changed(conversation);
        var copy = shown.CopyOf(number);
        Remove(conversation);
        if (!erasures.Cover(conversation, entry.Hlc))
            Touch(conversation, number, body.Timestamp);
        if (erasures.Cover(conversation, entry.Hlc) || shown.HasErasedCopy(number))
        {
            entry.Flags |= EntryFlags.Erased;
            if (copy != OperationEntry.None)
                shown.Hide(copy, EntryFlags.Erased);
            shown.EraseCopies(number);
        }
        else if (copy != OperationEntry.None && !order.ComesBefore(number, copy))
        {
            entry.Flags |= EntryFlags.Shadowed;
        }
        else
        {
            if (copy != OperationEntry.None)
            {
                shown.Hide(copy, EntryFlags.Shadowed);
                entry.NextReply = operations[copy].NextReply;
            }

            shown.Show(number, conversation);
            Link(number, conversation, body);
        }

        Add(conversation);
    }

    private void ApplyStub(int number, int conversation, StoredOperation operation)
    {
        operations.Change(number).Flags |= EntryFlags.Erased | EntryFlags.Stub
            | (operation.Kind == OperationKind.Message ? EntryFlags.Message : EntryFlags.None);
        if (conversation == OperationEntry.None || operation.Kind != OperationKind.Message)
            return;
        if (shown.CopyOf(number) is >= 0 and var copy)
        {
            Remove(conversation);
            shown.Hide(copy, EntryFlags.Erased);
            conversations.Changed(conversation);
            Add(conversation);
        }

        shown.EraseCopies(number);
    }

    private void Link(int number, int conversation, MessageBody body)
    {
        if (body.Role == MessageRole.User)
            replies.TakeWaiting(number);
        else if (OperationId.TryParse(body.Meta.OperationId, out var question))
            replies.Add(number, conversation, question.Value);
    }

    private void ApplyField(int number, int conversation, StoredOperation operation, FieldBody body)
    {
        if (erasures.Cover(conversation, operation.Hlc))
        {
            operations.Change(number).Flags |= EntryFlags.Erased;
            return;
        }

        Remove(conversation);
        conversations.Changed(conversation);
        conversations.FieldsToSet(conversation).Merge(body.Name, new FieldValue(operation.Hlc, operation.Origin, body.Timestamp, body.Value.GetRawText()));
        Touch(conversation, number, body.Timestamp);
        Add(conversation);
    }

    private void EraseConversation(int number, int conversation)
    {
        Remove(conversation);
        shown.EraseUpTo(conversation, new HybridTimestamp(ulong.MaxValue));
        conversations.RemoveFields(conversation);
        conversations.Changed(conversation);

        // The earliest erasure is the receipt, on every backend.
        ref var erased = ref conversations.Row(conversation);
        if (!erased.IsErased || order.ComesBefore(number, erased.ErasedBy))
            erased.ErasedBy = number;
    }

    private void EraseUser(int number, string owner)
    {
        if (!erasures.TryAddUser(owner, number, order))
            return;
        var at = operations[number].Hlc;
        for (var conversation = 0; conversation < conversations.Count; conversation++)
        {
            if (conversations[conversation].Owner != owner)
                continue;
            Remove(conversation);
            shown.EraseUpTo(conversation, at);
            conversations.FieldsOf(conversation)?.RemoveUpTo(at);
            conversations.Changed(conversation);
            Add(conversation);
        }
    }

    private void Touch(int conversation, int number, DateTimeOffset timestamp)
    {
        ref var row = ref conversations.Row(conversation);
        if (row.LastOperation != OperationEntry.None && !order.ComesBefore(row.LastOperation, number))
            return;
        conversations.Changed(conversation);
        row.LastOperation = number;
        row.UpdatedTicks = WireTime.Truncate(timestamp).UtcTicks;
    }

    private void Remove(int conversation)
    {
        if (KeepsRecency && conversations.Row(conversation).IsShown)
            recency.Remove(conversation);
    }

    private void Add(int conversation)
    {
        if (KeepsRecency && conversations.Row(conversation).IsShown)
            recency.Insert(conversation);
    }

    private ushort SurfaceNumber(string surface) =>
        (ushort)(surfaces.TryGet(surface, out var known) ? known
            : surfaces.GetOrAdd(surfaces.Count < MaxSurfaces - 1 ? surface : OtherSurface));
}
