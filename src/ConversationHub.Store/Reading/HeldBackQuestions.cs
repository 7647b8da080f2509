using ConversationHub.Contracts;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Reading;

/// <summary>
/// Recognises a repeat of a question that a peer sent with a clock ahead (wire.md §9.5): it is not shown yet, and must not run twice in silence.
/// The same of a reply. Thread-safe.
/// </summary>
internal sealed class HeldBackQuestions(LogState state, MessageReader messages)
{
    /// <returns>
    /// Null when nothing of that id is held back. <see cref="QuestionOutcome.Known"/> without a reply: the question is to be stored once more,
    /// in its conversation and in a stream of this backend's own, so that a reply has something to belong to; of two copies the earlier is shown.
    /// </returns>
    public QuestionOutcome? Find(QuestionDraft question)
    {
        int conversation;
        ConversationId id;
        UserId owner;
        LineLocation place;
        lock (state.Gate)
        {
            var number = state.Quarantine.Count == 0 ? OperationEntry.None : state.Index.FindHeldBack(question.User, question.OperationId);
            if (number == OperationEntry.None)
                return null;
            conversation = state.Index.Operations[number].Conversation;
            id = ConversationId.Parse(state.Index.Conversations[conversation].Id);
            owner = UserId.Parse(state.Index.Conversations[conversation].Owner);
            if (state.Index.HasErasedText(number) || (state.Index.Operations[number].Flags & EntryFlags.Erased) != 0)
                return new QuestionOutcome.Erased(id);
            place = ConversationReader.Location(state.Index, number);
        }

        if (!messages.TryRead(place, out var stored))
            return new QuestionOutcome.Damaged(id);
        return stored?.Body is { Role: MessageRole.User } body && body.Fingerprint == question.Fingerprint
            ? new QuestionOutcome.Known(id, owner, FindReply(conversation, question.OperationId))
            : new QuestionOutcome.FingerprintMismatch();
    }

    /// <summary>A reply that is held back, or that is here while its question is. Null when there is none that can be read.</summary>
    public StoredReply? FindReply(int conversation, OperationId question)
    {
        var places = new List<LineLocation>();
        lock (state.Gate)
        {
            if (state.Quarantine.Count == 0)
                return null;
            if (state.Index.FindWaitingReply(conversation, question) is >= 0 and var waiting)
                places.Add(ConversationReader.Location(state.Index, waiting));
            places.AddRange(state.Quarantine.Numbers
                .Where(number => state.Index.Operations[number].Conversation == conversation && (state.Index.Operations[number].Flags & EntryFlags.Erased) == 0)
                .OrderBy(number => state.Index.Operations[number].Hlc)
                .Select(number => ConversationReader.Location(state.Index, number)));
        }

        // Bounded by what is held back of one conversation, which is next to nothing but where a clock is wrong.
        foreach (var place in places)
        {
            if (messages.TryRead(place, out var stored) && stored is { Body.Role: not MessageRole.User }
                && stored.Body.Meta.OperationId == question.ToString())
            {
                return stored.ToReply();
            }
        }

        return null;
    }
}
