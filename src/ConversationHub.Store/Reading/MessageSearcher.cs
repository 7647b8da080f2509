using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Search;

namespace ConversationHub.Store.Reading;

/// <summary>Answers <see cref="SearchQuery"/>. Thread-safe.</summary>
internal sealed class MessageSearcher(LogState state, MessageReader messages)
{
    /// <summary>Of the best so many are read; when filters leave too few of them, <see cref="MoreFactor"/> times as many, and so on.</summary>
    private const int FirstCandidates = 256;

    private const int MoreFactor = 8;

    /// <summary>Without an index so many of the newest messages are looked through.</summary>
    private const int LookedThrough = 2_000;

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
                if (!state.Index.Conversations.Owners.TryGet(user.ToString(), out var number))
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

        if (!state.Search.IsOn)
            return new SearchOutcome.Ranked(LookThrough(query));
        var terms = SearchPolicy.QueryTerms(query.Text);
        var filter = new SearchFilter(
            owner, surface, query.From is { } from ? DocumentFacts.SecondOf(from) : 0, query.To is { } to ? DocumentFacts.SecondOf(to) : uint.MaxValue);
        for (var candidates = FirstCandidates; ; candidates *= MoreFactor)
        {
            var ranked = state.Search.Rank(terms, filter, candidates);
            var passages = Read(ranked, query);
            if (passages.Count == query.Limit || ranked.Count < candidates)
                return new SearchOutcome.Ranked(passages);
        }
    }

    private List<Passage> Read(IReadOnlyList<ScoredDocument> ranked, SearchQuery query)
    {
        var passages = new List<Passage>();
        foreach (var one in ranked)
        {
            if (Locate(one.Document, query) is not { } place || messages.TryRead(place) is not { } message || !Fits(message, query))
                continue;
            passages.Add(ToPassage(message, one.Score));
            if (passages.Count == query.Limit)
                break;
        }

        return passages;
    }

    private IReadOnlyList<Passage> LookThrough(SearchQuery query)
    {
        var candidates = new List<Passage>();
        var terms = SearchPolicy.QueryTerms(query.Text);
        int newest;
        lock (state.Gate)
            newest = state.Index.Operations.Count - 1;
        for (var (number, left) = (newest, LookedThrough); number >= 0 && left > 0; number--, left--)
        {
            if (Locate(number, query) is { } place && messages.TryRead(place) is { } message && IsAsked(message, query) && Fits(message, query)
                && SearchPolicy.TermsOf(message.Body).Counts is var counts && terms.Any(counts.ContainsKey))
            {
                candidates.Add(ToPassage(message, 0));
            }
        }

        return CandidateRanking.Rank(candidates, terms, query.Limit);
    }

    /// <returns>Null when it is no message, is not shown any more, or may not be quoted where the query wants to.</returns>
    private LineLocation? Locate(int number, SearchQuery query)
    {
        lock (state.Gate)
        {
            ref readonly var entry = ref state.Index.Operations[number];
            return (entry.Flags & (EntryFlags.Message | EntryFlags.Erased | EntryFlags.Shadowed | EntryFlags.Quarantined)) == EntryFlags.Message
                && entry.Conversation >= 0 && IsQuotable_NeedsLock(state.Index.Conversations[entry.Conversation], query)
                ? ConversationReader.Location(state.Index, number)
                : null;
        }
    }

    private static bool IsQuotable_NeedsLock(ConversationEntry conversation, SearchQuery query) =>
        query.QuotedIn is not { } place || conversation.Fields is not { IsLocalOnly: true } || conversation.Id == place.ToString();

    private static Passage ToPassage(StoredMessage message, double score) => new(
        ConversationId.Parse(message.Operation.ConversationId!),
        UserId.Parse(message.Operation.UserId),
        message.Id,
        message.Body.Role,
        message.Body.Surface,
        message.Body.Timestamp,
        message.Body.Content,
        score);

    private static bool IsAsked(StoredMessage message, SearchQuery query) =>
        (query.Owner is not { } owner || message.Operation.UserId == owner.ToString())
        && (query.Surface is not { } surface || message.Body.Surface == surface.ToString());

    private static bool Fits(StoredMessage message, SearchQuery query) =>
        (query.From is not { } from || message.Body.Timestamp >= from)
        && (query.To is not { } to || message.Body.Timestamp < to)
        && (query.Excluding is not { } excluded || (message.Id != excluded && message.Body.Meta.OperationId != excluded.ToString()));
}
