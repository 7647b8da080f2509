using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Retention;

namespace ConversationHub.Store.Writing;

/// <summary>Decides from the index alone what a write may become. No clock, no disk.</summary>
internal static class Admission
{
    private const int MessagesPerAsk = 2;

    /// <param name="held">What is durable.</param>
    /// <param name="batch">What stands in the same batch before this write.</param>
    public static Admittance Decide(StoreIndex held, BatchClaims batch, PendingWrite write)
    {
        if (batch.IsClosed || (write.StandsAlone && !batch.IsEmpty))
            return new Admittance.Later();
        if ((write.Operations.Count > 0 && batch.Claims(write.Operations[0].Id)) || (write.QuestionId is { } question && batch.Claims(question)))
            return new Admittance.Later();
        return write.Kind switch
        {
            WriteKind.Question or WriteKind.Exchange => DecideQuestion(held, batch, write),
            WriteKind.Reply => DecideReply(held, batch, write),
            WriteKind.Change or WriteKind.EraseConversation => DecideChange(held, write),
            WriteKind.Import => DecideImport(held, write),
            WriteKind.Reissue => DecideReissue(held, write),
            WriteKind.EraseUser => new Admittance.Yes(null, write.User!.Value.ToString(), BeginsConversation: false),
            _ => throw new ArgumentOutOfRangeException(nameof(write)),
        };
    }

    private static Admittance DecideQuestion(StoreIndex held, BatchClaims batch, PendingWrite write)
    {
        var user = write.User!.Value;
        if (held.Find(user, write.Operations[0].Id) != OperationEntry.None)
            return new Admittance.No(Refusal.Exists, write.ConversationId);
        var id = write.ConversationId ?? FreeGeneratedId(held, write);
        var conversation = held.FindConversation(user, id, out _);
        if (conversation == OperationEntry.None && held.DamagedFiles.Contains(id.ToString()))
            return new Admittance.No(Refusal.Damaged, id);
        if (conversation == OperationEntry.None)
            return batch.Begins(id) ? new Admittance.Later() : new Admittance.Yes(id, user.ToString(), BeginsConversation: true);
        return AdmitTo(held, batch, conversation);
    }

    private static Admittance DecideReply(StoreIndex held, BatchClaims batch, PendingWrite write)
    {
        var question = held.Find(write.User!.Value, write.QuestionId!.Value);
        if (question == OperationEntry.None)
            return new Admittance.No(Refusal.UnknownQuestion, null);
        ref readonly var entry = ref held.Operations[question];
        if ((entry.Flags & EntryFlags.Erased) != 0)
            return new Admittance.No(Refusal.Erased, null);
        if ((entry.Flags & EntryFlags.Question) == 0)
            return new Admittance.No(Refusal.UnknownQuestion, null);
        if (held.FindReply(question) != OperationEntry.None)
            return new Admittance.No(Refusal.Exists, null);
        return AdmitTo(held, batch, entry.Conversation, isReply: true);
    }

    private static Admittance AdmitTo(StoreIndex held, BatchClaims batch, int conversation, bool isReply = false)
    {
        var entry = held.Conversations[conversation];
        var id = ConversationId.Parse(entry.Id);
        if (held.IsClosedByErasure(conversation))
            return new Admittance.No(Refusal.Erased, id);

        // A question needs room for its reply too; a reply is never refused, because it may have been paid for.
        if (!isReply && entry.Messages.Count + batch.CountIn(id) + MessagesPerAsk > WireLimits.MessagesPerConversation)
            return new Admittance.No(Refusal.ConversationFull, id);
        return new Admittance.Yes(id, entry.Owner, BeginsConversation: false);
    }

    private static Admittance DecideChange(StoreIndex held, PendingWrite write)
    {
        var id = write.ConversationId!.Value;
        var conversation = held.FindConversation(write.User, id, out var ambiguous);
        if (ambiguous)
            return new Admittance.No(Refusal.Ambiguous, id);
        if (conversation == OperationEntry.None)
            return new Admittance.No(Refusal.NotFound, id);
        if (held.IsClosedByErasure(conversation))
            return new Admittance.No(Refusal.Erased, id);
        if (write.UntouchedSince is { } limit && LogRetention.Touched(held, held.Conversations[conversation]) >= limit)
            return new Admittance.No(Refusal.NotFound, id);

        // What is held back without being shown is erased like anything else; what retention names must be seen to be old.
        var isErasable = write.Kind == WriteKind.EraseConversation && write.UntouchedSince is null;
        return isErasable || held.Conversations[conversation].IsShown
            ? new Admittance.Yes(id, held.Conversations[conversation].Owner, BeginsConversation: false)
            : new Admittance.No(Refusal.NotFound, id);
    }

    private static Admittance DecideImport(StoreIndex held, PendingWrite write)
    {
        var id = write.ConversationId!.Value;
        var owner = write.User!.Value.ToString();
        if (held.FindConversation(write.User, id, out _) is >= 0 and var conversation && held.IsClosedByErasure(conversation))
            return new Admittance.No(Refusal.Erased, id);
        return write.Operations.All(draft => held.Holds(draft.Id, owner))
            ? new Admittance.No(Refusal.Exists, id)
            : new Admittance.Yes(id, owner, BeginsConversation: false);
    }

    /// <summary>What was erased since is not issued again; its stub is of no use to anybody.</summary>
    private static Admittance DecideReissue(StoreIndex held, PendingWrite write) =>
        write.Operations.Count == 0
            ? new Admittance.No(Refusal.NotFound, null)
            : new Admittance.Yes(write.ConversationId, write.User!.Value.ToString(), BeginsConversation: false);

    /// <summary>The next eight digits are taken if another question already made the id (wire.md §1.1).</summary>
    private static ConversationId FreeGeneratedId(StoreIndex held, PendingWrite write)
    {
        ConversationId id = default;
        for (var attempt = 0; attempt < GeneratedConversationId.MaxAttempts; attempt++)
        {
            id = GeneratedConversationId.Create(write.Operations[0].Id, write.User!.Value.ToString(), write.At, attempt);
            if (held.FindConversation(write.User, id, out _) == OperationEntry.None)
                break;
        }

        // Eight ids taken of 32 bits each: the last one is gone on with rather than the question refused.
        return id;
    }
}

/// <summary>What a write may become.</summary>
internal abstract record Admittance
{
    private Admittance()
    {
    }

    /// <param name="ConversationId">Null in the erasure of a user.</param>
    /// <param name="Owner">Of the conversation.</param>
    public sealed record Yes(ConversationId? ConversationId, string Owner, bool BeginsConversation) : Admittance;

    public sealed record No(Refusal Why, ConversationId? ConversationId) : Admittance;

    /// <summary>It depends on a write of the same batch that is not durable yet: decide again in the next one.</summary>
    public sealed record Later : Admittance;
}
