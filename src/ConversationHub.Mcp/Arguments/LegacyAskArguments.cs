using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.Mcp.Arguments;

/// <summary>Arguments of <c>maestra_legacy_ask</c>, checked (wire.md §3, §12). Null: not given.</summary>
internal sealed record LegacyAskArguments(
    string Question,
    string SessionId,
    string? UserId,
    string Mode,
    IReadOnlyList<string> ContextHints)
{
    private static readonly string[] Names = ["question", "message", "session_id", "user_id", "mode", "context_hints"];

    /// <summary>As at the backend, <c>message</c> wins over <c>question</c>.</summary>
    private static readonly string[] MessageNames = ["message", "question", "prompt", "query"];

    private static readonly string[] Accepted = [.. Names, "prompt", "query", "conversation_id"];

    /// <summary>The arguments, or null when <paramref name="problems"/> says what does not fit.</summary>
    internal static LegacyAskArguments? Read(
        IEnumerable<KeyValuePair<string, JsonElement>> sent, out IReadOnlyList<string> problems)
    {
        var reader = new ArgumentReader(sent, Accepted, Names);
        var arguments = new LegacyAskArguments(
            ArgumentRules.Message(reader, MessageNames),
            Session(reader, "session_id") ?? Session(reader, "conversation_id") ?? WireFormat.DefaultSession,
            ArgumentRules.UserId(reader),
            ReadMode(reader),
            ReadHints(reader));
        problems = reader.Problems;
        return problems.Count == 0 ? arguments : null;
    }

    private static string? Session(ArgumentReader reader, string name) =>
        reader.Text(name, ConversationId.Rule, text => ConversationId.TryParse(text, out _));

    private static string ReadMode(ArgumentReader reader) =>
        reader.Text("mode", ArgumentTexts.LegacyModeRule, text => FoldMode(text) is not null) is { } given
            ? FoldMode(given)!
            : LegacyMode.Quick;

    private static string? FoldMode(string text) => text.Trim().ToLowerInvariant() switch
    {
        LegacyMode.Quick => LegacyMode.Quick,
        LegacyMode.Deep => LegacyMode.Deep,
        _ => null,
    };

    private static List<string> ReadHints(ArgumentReader reader)
    {
        const string Name = "context_hints";
        if (reader.Value(Name) is not { } value)
            return [];
        if (SentValue.TryTexts(value, out var hints) && hints.Count <= WireLimits.ContextHints &&
            hints.TrueForAll(hint => FreeText.CountCodePoints(hint) <= WireLimits.ContextHintCharacters && FreeText.IsStorable(hint)))
        {
            return hints;
        }

        reader.Add(ArgumentTexts.Wrong(Name, value, ArgumentTexts.HintsRule));
        return [];
    }
}
