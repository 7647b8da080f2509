using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Metrics;

/// <summary>Says of each line of the metrics file whether any of many erasures takes it, each line read once. Immutable.</summary>
internal sealed class LineCover
{
    private readonly ILookup<string, ErasedLines> _ofConversations;
    private readonly ILookup<string, ErasedLines> _ofUsers;

    public LineCover(IReadOnlyCollection<ErasedLines> erased)
    {
        _ofConversations = erased.SelectMany(static one => (one.Conversations ?? []).Select(conversation => (Conversation: conversation, Lines: one)))
            .ToLookup(static one => one.Conversation, static one => one.Lines, StringComparer.Ordinal);
        _ofUsers = erased.Where(static one => one.Conversations is null)
            .SelectMany(static one => (one.Users ?? []).Select(user => (User: user, Lines: one)))
            .ToLookup(static one => one.User, static one => one.Lines, StringComparer.Ordinal);
    }

    /// <summary>Whether this line of the metrics file is to go.</summary>
    public bool Covers(string line)
    {
        try
        {
            using var parsed = JsonDocument.Parse(Encoding.UTF8.GetBytes(line));
            if (parsed.RootElement.ValueKind != JsonValueKind.Object)
                return false;
            var user = Text(parsed.RootElement, AskReport.UserField);
            var conversation = Text(parsed.RootElement, AskReport.ConversationField);
            var time = WireTime.TryParse(Text(parsed.RootElement, AskReport.TimeField), out var at) ? at : DateTimeOffset.MinValue;
            return (conversation is not null && _ofConversations[conversation].Any(one => IsIn(one, user, time)))
                || (user is not null && _ofUsers[user].Any(one => IsIn(one, user, time)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not written by us (the second is for half of a surrogate pair, which parses and cannot be read): it is nobody's.
            return false;
        }
    }

    private static bool IsIn(ErasedLines lines, string? user, DateTimeOffset time) =>
        (lines.Users is null || (user is not null && lines.Users.Contains(user, StringComparer.Ordinal))) && (lines.UpTo is not { } end || time <= end);

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
