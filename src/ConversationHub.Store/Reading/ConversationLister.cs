using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Reading;

/// <summary>Answers <see cref="ListQuery"/>. Thread-safe.</summary>
internal sealed class ConversationLister(LogState state, MessageReader messages)
{
    public ListOutcome List(ListQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, WireLimits.ListPageMax);
        ListCursor? cursor = null;
        if (query.Cursor is { } text && (cursor = ListCursor.TryParse(text)) is null)
            return new ListOutcome.BadCursor();

        List<ConversationHead> heads;
        lock (state.Gate)
        {
            RecencyKey? after = null;
            if (cursor is not null && (after = Resolve_NeedsLock(cursor)) is null)
                return new ListOutcome.BadCursor();
            heads = Take_NeedsLock(query, after);
        }

        var more = heads.Count > query.Limit;
        if (more)
            heads.RemoveAt(query.Limit);
        return new ListOutcome.Listed(new ConversationPage
        {
            Conversations = [.. heads.Select(head => head.ToSummary(messages.TryRead(head.First)?.Body))],
            NextCursor = more ? new ListCursor(heads[^1].UpdatedAt.UtcTicks, heads[^1].Id, ListCursor.TagOf(heads[^1].Owner)).ToString() : null,
        });
    }

    /// <summary>One more than the page holds, so that it is known whether there is a next one.</summary>
    private List<ConversationHead> Take_NeedsLock(ListQuery query, RecencyKey? after)
    {
        var heads = new List<ConversationHead>();
        var surface = OperationEntry.None;
        if (query.Surface is { } named && !state.Index.Surfaces.TryGet(named.ToString(), out surface))
            return heads;
        foreach (var number in state.Index.Recency.NewestFirst(after))
        {
            var entry = state.Index.Conversations[number];
            if ((query.Owner is { } owner && entry.Owner != owner.ToString())
                || (surface != OperationEntry.None && !entry.HasSurface((ushort)surface))
                || (query.Status is { } status && (entry.Fields?.Status ?? ConversationStatus.Active) != status))
            {
                continue;
            }

            heads.Add(ConversationReader.Head_NeedsLock(state.Index, number));
            if (heads.Count > query.Limit)
                break;
        }

        return heads;
    }

    /// <returns>Null when no conversation of that id and owner was ever held.</returns>
    private RecencyKey? Resolve_NeedsLock(ListCursor cursor)
    {
        foreach (var number in state.Index.AllOfId(cursor.Id))
        {
            var owner = state.Index.Conversations[number].Owner;
            if (ListCursor.TagOf(owner) == cursor.OwnerTag)
                return new RecencyKey(cursor.UpdatedTicks, cursor.Id, owner);
        }

        return null;
    }
}
