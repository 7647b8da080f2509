using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Index;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Changing;

/// <summary>Fields and erasures of the log store. Thread-safe.</summary>
internal sealed class ConversationChanger(
    LogState state, CommitLoop writer, Housekeeper housekeeper, MessageReader messages, IdSource ids, TimeProvider time)
{
    private const string ConversationScope = "conversation";
    private const string UserScope = "user";

    public async Task<ChangeOutcome> ChangeAsync(ConversationChange change, CancellationToken cancellationToken)
    {
        if (change.IsEmpty)
            return Summarize(change);
        var now = Now();
        var operations = FieldNames.Of(change, now).Select(field => OperationDraft.Of(ids.NewOperationId(), field)).ToArray();
        var result = await CommitAsync(
            new PendingWrite(WriteKind.Change, change.Owner, change.ConversationId, operations) { At = now }, cancellationToken).ConfigureAwait(false);
        return result switch
        {
            WriteResult.Committed => Summarize(change),
            WriteResult.NotCommitted refused => new ChangeOutcome.NotCommitted(refused.Failure),
            WriteResult.Rejected { Why: Refusal.Ambiguous } => new ChangeOutcome.Ambiguous(),
            WriteResult.Rejected { Why: Refusal.Erased } => new ChangeOutcome.Erased(),
            _ => new ChangeOutcome.NotFound(),
        };
    }

    /// <param name="untouchedSince">Not null: only if nothing has touched it since; else it counts as not found.</param>
    public async Task<EraseOutcome> EraseConversationAsync(
        UserId? owner, ConversationId id, DateTimeOffset? untouchedSince, CancellationToken cancellationToken)
    {
        var now = Now();
        var operation = OperationDraft.Of(ids.NewOperationId(), new EraseBody { Scope = ConversationScope, Timestamp = now });
        var result = await CommitAsync(
            new PendingWrite(WriteKind.EraseConversation, owner, id, [operation]) { At = now, UntouchedSince = untouchedSince }, cancellationToken).ConfigureAwait(false);
        return result switch
        {
            WriteResult.NotCommitted refused => new EraseOutcome.NotCommitted(refused.Failure),
            WriteResult.Rejected { Why: Refusal.Ambiguous } => new EraseOutcome.Ambiguous(),
            WriteResult.Rejected { Why: Refusal.NotFound } => new EraseOutcome.NotFound(),
            _ => Receipt(owner, id),
        };
    }

    public async Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken)
    {
        var now = Now();
        var operation = OperationDraft.Of(ids.NewOperationId(), new EraseBody { Scope = UserScope, Timestamp = now });
        var before = CountOf(user);
        var result = await CommitAsync(
            new PendingWrite(WriteKind.EraseUser, user, null, [operation]) { At = now }, cancellationToken).ConfigureAwait(false);
        return result is WriteResult.NotCommitted refused
            ? new EraseUserOutcome.NotCommitted(refused.Failure)
            : new EraseUserOutcome.Erased(user, operation.Id, before);
    }

    private DateTimeOffset Now() => WireTime.Truncate(time.GetUtcNow());

    private async Task<WriteResult> CommitAsync(PendingWrite write, CancellationToken cancellationToken)
    {
        writer.Submit(write);
        var result = await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (result is WriteResult.Committed && write.Kind is WriteKind.EraseConversation or WriteKind.EraseUser)
            await housekeeper.ErasedAsync(cancellationToken).ConfigureAwait(false);
        return result;
    }

    private ChangeOutcome Summarize(ConversationChange change)
    {
        ConversationHead head;
        lock (state.Gate)
        {
            var number = state.Index.FindConversation(change.Owner, change.ConversationId, out var ambiguous);
            if (ambiguous)
                return new ChangeOutcome.Ambiguous();
            if (number != OperationEntry.None && state.Index.IsClosedByErasure(number))
                return new ChangeOutcome.Erased();
            if (number == OperationEntry.None || !state.Index.Conversations[number].IsShown)
                return new ChangeOutcome.NotFound();
            head = ConversationReader.Head_NeedsLock(state.Index, number);
        }

        return new ChangeOutcome.Changed(head.ToSummary(messages.TryRead(head.First)?.Body) with { Tags = head.Tags });
    }

    /// <summary>By what is held, so that erasing again gives the same. A conversation that went with its user has that erasure for its receipt.</summary>
    private EraseOutcome.Erased Receipt(UserId? owner, ConversationId id)
    {
        lock (state.Gate)
        {
            var number = state.Index.FindConversation(owner, id, out _);
            var erasure = state.Index.ErasureOf(number);
            return new EraseOutcome.Erased(
                id,
                UserId.Parse(state.Index.Conversations[number].Owner),
                new OperationId(state.Index.Operations[erasure].Id),
                state.Index.CountErasedMessages(number));
        }
    }

    private int CountOf(UserId user)
    {
        lock (state.Gate)
            return state.Index.Conversations.Count(entry => entry.IsShown && entry.Owner == user.ToString());
    }
}
