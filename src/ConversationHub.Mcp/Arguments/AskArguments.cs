using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Arguments;

/// <summary>Arguments of <c>maestra_ask</c>, checked (wire.md §12). Null: not given.</summary>
internal sealed record AskArguments(
    string Message,
    string? ConversationId,
    string? UserId,
    string? SurfaceId,
    string? ModeHint,
    SurfaceContext? SurfaceContext,
    Route? Route)
{
    private static readonly string[] Names =
        ["message", "conversation_id", "user_id", "surface_id", "mode_hint", "surface_context", "route"];

    private static readonly string[] MessageAliases = ["question", "prompt", "query"];

    private static readonly string[] Accepted = [.. Names, .. MessageAliases];

    /// <summary>The arguments, or null when <paramref name="problems"/> says what does not fit.</summary>
    internal static AskArguments? Read(IEnumerable<KeyValuePair<string, JsonElement>> sent, out IReadOnlyList<string> problems)
    {
        var reader = new ArgumentReader(sent, Accepted, Names);
        var arguments = new AskArguments(
            ArgumentRules.Message(reader, ["message", .. MessageAliases]),
            reader.Text("conversation_id", Contracts.ConversationId.Rule, text => Contracts.ConversationId.TryParse(text, out _)),
            ArgumentRules.UserId(reader),
            reader.Text("surface_id", ArgumentRules.NameRule(Contracts.SurfaceId.MaxLength), text => Contracts.SurfaceId.TryParse(text, out _)),
            reader.Text("mode_hint", ArgumentTexts.ModeHintRule, FitsModeHint),
            SurfaceContextArgument.Read(reader),
            ReadRoute(reader));
        problems = reader.Problems;
        return problems.Count == 0 ? arguments : null;
    }

    private static bool FitsModeHint(string hint) =>
        FreeText.IsName(hint, WireLimits.ModeHintCharacters) && hint != WireFormat.ErrorMode;

    private static Route? ReadRoute(ArgumentReader reader)
    {
        Route? route = null;
        reader.Text("route", ArgumentTexts.RouteRule, text =>
        {
            var fits = RouteNames.TryParse(text.Trim().ToLowerInvariant().Replace('_', '-'), out var named);
            route = fits ? named : null;
            return fits;
        });
        return route;
    }
}

/// <summary>Rules that both asking tools share.</summary>
internal static class ArgumentRules
{
    /// <summary>The first of the names that is not empty; a problem when none is, or when it is too long.</summary>
    internal static string Message(ArgumentReader reader, string[] names)
    {
        foreach (var name in names)
        {
            if (reader.Value(name) is not { } value)
                continue;
            if (!SentValue.TryText(value, out var text))
            {
                reader.Add(ArgumentTexts.Wrong(name, value, ArgumentTexts.MessageRule));
                return "";
            }

            if (string.IsNullOrWhiteSpace(text))
                continue;
            if (!FitsMessage(text))
                reader.Add(ArgumentTexts.Wrong(name, value, ArgumentTexts.MessageRule));
            return text;
        }

        reader.Add(ArgumentTexts.Missing(names[0]));
        return "";
    }

    internal static bool FitsMessage(string text) =>
        Encoding.UTF8.GetByteCount(text) <= WireLimits.MessageBytes && FreeText.IsStorable(text);

    /// <summary>
    /// Null when the request fits what a backend takes; else the problem. Each argument may be within its own limit and all together, as JSON
    /// escapes them, beyond it.
    /// </summary>
    /// <param name="parts">The arguments that may be long, by name.</param>
    internal static string? FitsRequest(int bodyBytes, params ReadOnlySpan<(string Name, string? Text)> parts)
    {
        if (bodyBytes <= WireLimits.RequestBodyBytes)
            return null;
        var longest = parts[0];
        foreach (var part in parts)
        {
            if (Written(part.Text) > Written(longest.Text))
                longest = part;
        }

        return ArgumentTexts.TooLargeTogether(bodyBytes, longest.Name, Written(longest.Text));
    }

    private static int Written(string? text) => text is null ? 0 : JsonEncodedText.Encode(text, MaestraJson.Compact.Options.Encoder).EncodedUtf8Bytes.Length;

    internal static string? UserId(ArgumentReader reader) =>
        reader.Text("user_id", NameRule(Contracts.UserId.MaxLength), text => Contracts.UserId.TryParse(text, out _));

    internal static string NameRule(int maxCharacters) => $"1 to {maxCharacters} characters without control characters";
}
