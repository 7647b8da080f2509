using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary>
/// <c>GET /conversations/search?q=</c> with <c>user_id</c>, <c>surface_id</c>, <c>from</c>, <c>to</c>, <c>limit</c> (docs/decisions/0015).
/// Without <c>q</c> the path means the conversation whose id is <c>search</c>, if there is one.
/// </summary>
internal sealed class SearchEndpoint(IConversationStore store, ConversationEndpoints conversations, BackendSettings settings)
{
    private const string QueryField = "q";
    private const string IdOfThePath = "search";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Routes.ConversationSearch, async context => await ReplyWriter.WriteAsync(context, await SearchAsync(context)));

    private async Task<HttpReply> SearchAsync(HttpContext context)
    {
        var fields = new QueryFields(context.Request.Query);
        if (!context.Request.Query.ContainsKey(QueryField))
        {
            context.Request.RouteValues["id"] = IdOfThePath;
            if (await conversations.ReadAsync(context) is var reply and not HttpReply.Refused { Code: ProblemCode.ConversationNotFound })
                return reply;
            fields.Add(ValidationErrorType.Missing, QueryField, "Field required: the words to search for");
            return HttpReply.Invalid(fields.Errors);
        }

        var text = fields.Text(QueryField, WireLimits.SearchCharacters);
        if (string.IsNullOrWhiteSpace(text) && fields.Errors.Count == 0)
            fields.Add(ValidationErrorType.StringTooShort, QueryField, "String should hold at least one word");
        var user = fields.User(ConversationOwner.QueryField);
        var query = new SearchQuery
        {
            Text = text ?? "",
            Owner = null,
            Surface = fields.Surface("surface_id"),
            From = fields.Time("from"),
            To = fields.Time("to"),
            Limit = fields.Integer("limit", SearchQuery.LimitDefault, SearchQuery.LimitMax),
        };
        if (query.From >= query.To)
            fields.Add(ValidationErrorType.ValueError, "to", "Input should be a time after from");
        if (fields.Errors.Count > 0)
            return HttpReply.Invalid(fields.Errors);
        if (ConversationOwner.Resolve(context, user, settings, out var owner) is { } mismatch)
            return mismatch;
        return await store.SearchAsync(query with { Owner = owner }, context.RequestAborted) switch
        {
            SearchOutcome.Ranked ranked => HttpReply.Ok(Answer(ranked.Passages, query.Text), MaestraJson.Compact.SearchAnswer),
            SearchOutcome.Unavailable unavailable => Refusals.StoreFailure(unavailable.Failure),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
    }

    private static SearchAnswer Answer(IReadOnlyList<Passage> passages, string text)
    {
        var words = new SearchWords(text);
        return new SearchAnswer
        {
            Results =
            [
                .. passages.Select(passage => new SearchResult
                {
                    ConversationId = passage.ConversationId.ToString(),
                    Owner = passage.Owner.ToString(),
                    MessageId = passage.MessageId.ToString(),
                    Role = passage.Role,
                    Surface = passage.Surface,
                    Timestamp = passage.Timestamp,
                    Excerpt = Excerpt.Around(passage.Content, words, WireLimits.ExcerptCharacters),
                    Score = passage.Score,
                }),
            ],
        };
    }
}
