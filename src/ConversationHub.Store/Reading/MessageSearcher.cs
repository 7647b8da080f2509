using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Search;

namespace ConversationHub.Store.Reading;

/// <summary>Answers <see cref="SearchQuery"/>. Thread-safe.</summary>
internal sealed class MessageSearcher(LogState state, MessageReader messages)
{
    /// <summary>Operations of one time may be this far apart in clock and timestamp, so that the index alone drops the rest.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromHours(25);

    public SearchOutcome Search(SearchQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, SearchQuery.LimitMax);
        int? owner = null;
        int? surface = null;
        lock (state.Gate)
        {
            if (query.Owner is { } user)
            {
                if (!state.Owners.TryGet(user.ToString(), out var number))
                    return new SearchOutcome.Ranked([]);
                owner = number;
            }

            if (query.Surface is { } named)
            {
                if (!state.Index.Surfaces.TryGet(named.ToString(), out var number))
                    return new SearchOutcome.Ranked([]);
                surface = number;
            }
        }

        var passages = new List<Passage>();
        foreach (var ranked in state.Search.Rank(SearchPolicy.QueryTerms(query.Text), owner, surface))
        {
            if (Locate(ranked.Document, query) is not { } place || messages.TryRead(place) is not { } message || !Fits(message, query))
                continue;
            passages.Add(new Passage(
                ConversationId.Parse(message.Operation.ConversationId!),
                UserId.Parse(message.Operation.UserId),
                message.Id,
                message.Body.Role,
                message.Body.Surface,
                message.Body.Timestamp,
                message.Body.Content,
                ranked.Score));
            if (passages.Count == query.Limit)
                break;
        }

        return new SearchOutcome.Ranked(passages);
    }

    /// <returns>Null when the message is not shown any more, or cannot be of the time asked for.</returns>
    private LineLocation? Locate(int number, SearchQuery query)
    {
        lock (state.Gate)
        {
            ref readonly var entry = ref state.Index.Operations[number];
            if ((entry.Flags & (EntryFlags.Erased | EntryFlags.Shadowed)) != 0)
                return null;
            var at = DateTimeOffset.FromUnixTimeMilliseconds(entry.Hlc.UnixMilliseconds);
            if ((query.From is { } from && at + ClockSlack < from) || (query.To is { } to && at - ClockSlack > to))
                return null;
            return ConversationReader.Location(state.Index, number);
        }
    }

    private static bool Fits(StoredMessage message, SearchQuery query) =>
        (query.From is not { } from || message.Body.Timestamp >= from)
        && (query.To is not { } to || message.Body.Timestamp < to)
        && (query.Excluding is not { } excluded || (message.Id != excluded && message.Body.Meta.OperationId != excluded.ToString()));
}
