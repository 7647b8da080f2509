using System.Text.Json;

namespace ConversationHub.Store.Log;

/// <summary>Gives one string for equal names, since owners, origins and conversations repeat on every line. Not thread-safe.</summary>
internal sealed class NamePool
{
    private const int MaxNames = 1 << 20;
    private const int MaxNameCharacters = 256;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public string? Get(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException("A name is a string.");
        if (reader.ValueSpan.Length > MaxNameCharacters)
            return reader.GetString();

        Span<char> text = stackalloc char[MaxNameCharacters];
        return Get(text[..reader.CopyString(text)]);
    }

    public string Get(ReadOnlySpan<char> text)
    {
        var lookup = _names.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(text, out var known))
            return known;
        var name = text.ToString();
        if (_names.Count < MaxNames)
            _names.Add(name);
        return name;
    }
}
