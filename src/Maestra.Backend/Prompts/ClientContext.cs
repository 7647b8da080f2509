using System.Text.Json;

namespace Maestra.Backend.Prompts;

/// <summary>The keys that are read of a legacy question's <c>client_context</c> (wire.md §3). What has another type there is left out. Pure.</summary>
internal static class ClientContext
{
    private const int MaxItems = 32;

    private static readonly string[] Texts = ["summary", "selection", "page_snapshot", "visible_text"];
    private static readonly string[] Lists = ["relevant", "conversation_history"];

    public static IEnumerable<(string Name, string Text)> Read(JsonElement? context)
    {
        if (context is not { } given)
            yield break;
        foreach (var name in Texts)
        {
            if (given.TryGetProperty(name, out var value) && Text(value) is { } text)
                yield return (name, text);
        }

        foreach (var name in Lists)
        {
            if (!given.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var item in list.EnumerateArray().Take(MaxItems))
            {
                if (Text(item) is { } text)
                    yield return (name, text);
            }
        }
    }

    /// <summary>Items of a history are objects: they are quoted as they were sent.</summary>
    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Decode(value),
        JsonValueKind.Object => value.GetRawText(),
        _ => null,
    };

    private static string? Decode(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair is no text.
            return null;
        }
    }
}
