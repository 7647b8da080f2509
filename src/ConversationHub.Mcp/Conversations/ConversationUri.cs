using System.Diagnostics.CodeAnalysis;
using ConversationHub.Contracts;

namespace ConversationHub.Mcp.Conversations;

/// <summary>
/// Names what can be read as a resource: the list, one conversation, or its messages before a given one; each as
/// Markdown for reading or, with <c>.json</c> at the end, as JSON. No id holds a dot, so the ending is never part of one.
/// </summary>
/// <param name="Id">Null: the list.</param>
/// <param name="Before">A message; null: the newest messages.</param>
internal sealed record ConversationUri(ConversationId? Id, OperationId? Before, bool AsJson)
{
    internal const string List = "maestra://conversations";

    internal const string IdVariable = "id";

    internal const string MessageIdVariable = "message_id";

    internal const string OneTemplate = $"{List}/{{{IdVariable}}}";

    internal const string OlderTemplate = $"{OneTemplate}/before/{{{MessageIdVariable}}}";

    internal const string JsonSuffix = ".json";

    private const string BeforeSegment = "before";

    public override string ToString() =>
        List + (Id is { } id ? $"/{id}" : "") + (Before is { } before ? $"/{BeforeSegment}/{before}" : "") + (AsJson ? JsonSuffix : "");

    internal static bool TryParse(string? text, [NotNullWhen(true)] out ConversationUri? uri)
    {
        uri = null;
        if (text is null || !text.StartsWith(List, StringComparison.Ordinal))
            return false;
        var asJson = text.EndsWith(JsonSuffix, StringComparison.Ordinal);
        var path = text[List.Length..(asJson ? ^JsonSuffix.Length : ^0)];
        if (path.Length == 0)
        {
            uri = new ConversationUri(null, null, asJson);
            return true;
        }

        var segments = path.Split('/');
        if (segments[0].Length > 0 || segments.Length is not (2 or 4) || !ConversationId.TryParse(segments[1], out var id))
            return false;
        if (segments.Length == 2)
        {
            uri = new ConversationUri(id, null, asJson);
            return true;
        }

        if (segments[2] != BeforeSegment || !OperationId.TryParse(segments[3], out var before))
            return false;
        uri = new ConversationUri(id, before, asJson);
        return true;
    }
}
