using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Maestra.Backend.Conversations;

/// <summary>
/// Checks the conversation id of a path as it was sent, decoded once (wire.md §4). The server would fold <c>..</c> away and leave
/// <c>%2F</c> as it is; here both are seen for what they are, and refused before anything is looked up.
/// </summary>
internal sealed class ConversationPath(RequestDelegate next)
{
    private const string Prefix = Routes.Conversations + "/";

    public Task InvokeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return TryFindId(target, out var id) && !ConversationId.TryParse(id, out _)
            ? ReplyWriter.WriteAsync(context, Refused())
            : next(context);
    }

    public static HttpReply.Refused Refused() => HttpReply.Invalid(
    [
        new ValidationError
        {
            Type = ValidationErrorType.StringPatternMismatch,
            Loc = [ErrorLocation.Path, "id"],
            Msg = $"String should be {ConversationId.Rule}",
        },
    ]);

    /// <returns>False when the path names no conversation.</returns>
    private static bool TryFindId(string target, out string id)
    {
        id = "";
        var path = target.AsSpan();
        var end = path.IndexOfAny('?', '#');
        if (end >= 0)
            path = path[..end];
        if (!path.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = path[Prefix.Length..];
        var slash = rest.IndexOf('/');
        id = Uri.UnescapeDataString(slash < 0 ? rest : rest[..slash]);
        return true;
    }
}
