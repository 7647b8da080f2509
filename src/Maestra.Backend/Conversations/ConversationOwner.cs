using ConversationHub.Contracts;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary>Whose conversations a request is about (wire.md §4, Owner).</summary>
internal static class ConversationOwner
{
    public const string QueryField = "user_id";

    /// <param name="named">As <c>?user_id=</c> names; null when it does not.</param>
    /// <param name="owner">The key's user, else the one named, else all (null).</param>
    /// <returns>The refusal of a request that names another user than the key's.</returns>
    public static HttpReply.Refused? Resolve(HttpContext context, UserId? named, BackendSettings settings, out UserId? owner)
    {
        var key = RequestState.Of(context).KeyOwner;
        owner = key?.User;
        if (named is null)
            return null;
        var refused = Asker.Resolve(named.Value, key, settings, out var user);
        owner = user;
        return refused;
    }

    /// <summary>The conversation of the path and, from the query, whose it is.</summary>
    /// <returns>The refusal of what does not fit.</returns>
    public static HttpReply.Refused? TryRead(HttpContext context, QueryFields query, BackendSettings settings, out ConversationId id, out UserId? owner)
    {
        owner = null;
        if (!ConversationId.TryParse(context.Request.RouteValues["id"] as string, out id))
            return ConversationPath.Refused();
        var named = query.User(QueryField);
        return query.Errors.Count > 0 ? HttpReply.Invalid(query.Errors) : Resolve(context, named, settings, out owner);
    }
}
