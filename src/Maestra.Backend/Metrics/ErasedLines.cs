using System.Text;
using System.Text.Json;

namespace Maestra.Backend.Metrics;

/// <summary>Which lines of the metrics file an erasure takes: those of a user, of a conversation, or of both at once. Immutable.</summary>
/// <param name="Users">Every pseudonym of one user; null when a conversation has one id whoever asks, as in local mode.</param>
/// <param name="Conversation">Null for all of the user's.</param>
internal sealed record ErasedLines(IReadOnlyList<string>? Users, string? Conversation)
{
    /// <summary>Whether this line of the metrics file is to go.</summary>
    public bool Cover(string line)
    {
        try
        {
            using var parsed = JsonDocument.Parse(Encoding.UTF8.GetBytes(line));
            if (parsed.RootElement.ValueKind != JsonValueKind.Object)
                return false;
            return (Conversation is null || Text(parsed.RootElement, AskReport.ConversationField) == Conversation)
                && (Users is null || (Text(parsed.RootElement, AskReport.UserField) is { } user && Users.Contains(user, StringComparer.Ordinal)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not written by us (the second is for half of a surrogate pair, which parses and cannot be read): it is nobody's.
            return false;
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
