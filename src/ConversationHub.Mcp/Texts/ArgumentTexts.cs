using System.Globalization;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>What a model reads when its arguments do not fit: which one, what was sent, what would be right.</summary>
internal static class ArgumentTexts
{
    /// <summary>Problems listed in one text.</summary>
    private const int MaxProblems = 12;

    internal const string ModeHintRule =
        "one of advisor, tutorial, router, capture, project_conductor, web_companion, focus_coach, or another word of at most 64 characters; not error";

    internal const string RouteRule = $"one of {RouteNames.LocalFirst}, {RouteNames.LocalOnly}, {RouteNames.CloudOnly}";

    internal const string LegacyModeRule = $"{LegacyMode.Quick} or {LegacyMode.Deep}";

    internal static readonly string MessageRule = string.Create(
        CultureInfo.InvariantCulture, $"a string of 1 to {WireLimits.MessageBytes:N0} bytes of UTF-8, without U+0000");

    internal static readonly string HintsRule = string.Create(
        CultureInfo.InvariantCulture,
        $"an array of at most {WireLimits.ContextHints} strings of at most {WireLimits.ContextHintCharacters:N0} characters");

    internal static string Wrong(string name, JsonElement sent, string rule) =>
        $"`{name}` was {SentValue.Describe(sent)}; it must be {rule}.";

    internal static string TooLargeTogether(int bytes, string longest, int longestBytes) => string.Create(
        CultureInfo.InvariantCulture,
        $"All arguments together take {bytes:N0} bytes as JSON; a backend takes {WireLimits.RequestBodyBytes:N0}. Shorten `{longest}`, which takes {longestBytes:N0} of them.");

    internal static string Missing(string name) => $"`{name}` is missing or empty; it must be {MessageRule}.";

    internal static string Unknown(string name, IEnumerable<string> known) =>
        $"{DisplayText.Quote(name)} is not known; known are {string.Join(", ", known)}.";

    internal static string Twice(string name) => $"`{name}` was sent twice, in different spellings; send it once.";

    internal static string Inside(string outer, string problem) => $"In `{outer}`: {problem}";

    /// <summary>The whole text of a call that was not made.</summary>
    internal static string NotCalled(string tool, IReadOnlyList<string> problems)
    {
        var text = new StringBuilder($"{tool} was not run, because its arguments do not fit:");
        foreach (var problem in problems.Take(MaxProblems))
            text.Append("\n- ").Append(problem);
        if (problems.Count > MaxProblems)
            text.Append(CultureInfo.InvariantCulture, $"\n- and {problems.Count - MaxProblems} more");
        return text.Append("\nNothing was asked. Correct this and call it again.").ToString();
    }
}
