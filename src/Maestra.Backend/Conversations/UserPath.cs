using ConversationHub.Contracts;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;
using Microsoft.AspNetCore.Http.Features;

namespace Maestra.Backend.Conversations;

/// <summary>The user id of a path, decoded once from what was sent: the server leaves <c>%2F</c> as it is, and a user id may hold a slash.</summary>
internal static class UserPath
{
    private const string Prefix = Routes.Users + "/";

    /// <returns>The refusal of an id of another form, or of another user than the key's.</returns>
    public static HttpReply.Refused? TryRead(HttpContext context, BackendSettings settings, out UserId user)
    {
        if (!UserId.TryParse(Segment(context), out var named))
        {
            user = default;
            return HttpReply.Invalid(
            [
                new ValidationError
                {
                    Type = ValidationErrorType.StringPatternMismatch,
                    Loc = [ErrorLocation.Path, "user_id"],
                    Msg = $"String should be 1 to {UserId.MaxLength} characters without control characters",
                },
            ]);
        }

        return Asker.Resolve(named, RequestState.Of(context).KeyOwner, settings, out user);
    }

    private static string? Segment(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        if (!target.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return context.Request.RouteValues["user_id"] as string;
        target = target[Prefix.Length..];
        var end = target.IndexOfAny("/?#");
        return Uri.UnescapeDataString(end < 0 ? target : target[..end]);
    }
}
