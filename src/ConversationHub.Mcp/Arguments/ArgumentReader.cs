using System.Text.Json;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.Mcp.Arguments;

/// <summary>
/// The arguments of one call, looked up by the names of the schema. Names are accepted in snake, camel and kebab case.
/// Every problem is collected, so that a model can correct all of them at once.
/// </summary>
internal sealed class ArgumentReader
{
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly List<string> _problems = [];

    /// <param name="sent">What the client sent.</param>
    /// <param name="known">The names of the schema, in snake case, aliases included.</param>
    /// <param name="shown">The names a model is told when it used another; without aliases.</param>
    internal ArgumentReader(IEnumerable<KeyValuePair<string, JsonElement>> sent, string[] known, string[] shown)
    {
        foreach (var (name, value) in sent)
        {
            if (Array.Find(known, candidate => Fold(candidate) == Fold(name)) is not { } match)
                _problems.Add(ArgumentTexts.Unknown(name, shown));
            else if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) && !_values.TryAdd(match, value))
                _problems.Add(ArgumentTexts.Twice(match));
        }
    }

    internal IReadOnlyList<string> Problems => _problems;

    internal void Add(string problem) => _problems.Add(problem);

    internal JsonElement? Value(string name) => _values.TryGetValue(name, out var value) ? value : null;

    /// <summary>The text, or null when it is absent, empty, or does not fit; the latter is noted as a problem.</summary>
    internal string? Text(string name, string rule, Func<string, bool> fits)
    {
        if (Value(name) is not { } value)
            return null;
        if (!SentValue.TryText(value, out var text))
        {
            _problems.Add(ArgumentTexts.Wrong(name, value, rule));
            return null;
        }

        if (text.Length == 0)
            return null;
        if (fits(text))
            return text;
        _problems.Add(ArgumentTexts.Wrong(name, value, rule));
        return null;
    }

    internal bool Flag(string name)
    {
        if (Value(name) is not { } value)
            return false;
        if (!SentValue.TryFlag(value, out var flag))
            _problems.Add(ArgumentTexts.Wrong(name, value, "true or false"));
        return flag;
    }

    private static string Fold(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
