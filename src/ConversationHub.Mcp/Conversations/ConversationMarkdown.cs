using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Conversations;

/// <summary>Conversations as a person or a model reads them. What somebody wrote stands in quoted lines, so that none of it can pass for ours.</summary>
internal static class ConversationMarkdown
{
    private const int MaxTopicCharacters = 100;

    internal static string Of(ConversationExcerpt excerpt, TargetName servedBy)
    {
        var document = excerpt.Document;
        var meta = document.Meta;
        var text = new StringBuilder();
        text.Append("# ").Append(Topic(document.Topic)).Append("\n\n");
        text.Append(CultureInfo.InvariantCulture, $"- Conversation: {DisplayText.Quote(document.Id)}, {DisplayText.Clean(meta.Status)}\n");
        text.Append(CultureInfo.InvariantCulture, $"- Messages: {meta.MessageCount}, from {WireTime.Format(meta.CreatedAt)} to {WireTime.Format(meta.UpdatedAt)}\n");
        text.Append(CultureInfo.InvariantCulture, $"- Surfaces: {string.Join(", ", document.Surfaces.Select(DisplayText.Quote))}\n");
        text.Append(CultureInfo.InvariantCulture, $"- Read from: {servedBy.ToWire()}\n\n");
        text.Append(ResourceTexts.WhatIsQuoted).Append('\n');
        if (excerpt.Older is { } older)
            text.Append('\n').Append(ResourceTexts.OlderMessages(older.ToString())).Append('\n');
        foreach (var message in document.Messages)
            Append(text, message);
        return text.ToString();
    }

    internal static string Of(ConversationPage page, TargetName servedBy)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Conversations\n\nRead from: {servedBy.ToWire()}. The one changed last comes first.\n");
        if (page.Conversations.Count == 0)
            text.Append("\nThere are none yet.\n");
        foreach (var summary in page.Conversations)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n- {Topic(summary.Topic)}\n");
            text.Append(CultureInfo.InvariantCulture, $"  {Describe(summary)}\n");
            text.Append(CultureInfo.InvariantCulture, $"  {ConversationUri.List}/{DisplayText.Clean(summary.Id)}\n");
        }

        if (page.NextCursor is not null)
            text.Append('\n').Append(ResourceTexts.OnlyTheNewest(page.Conversations.Count)).Append('\n');
        return text.ToString();
    }

    /// <summary>One line about a conversation.</summary>
    internal static string Describe(ConversationSummary summary) => string.Create(
        CultureInfo.InvariantCulture,
        $"{summary.MessageCount} messages, {DisplayText.Clean(summary.Status)}, changed {WireTime.Format(summary.UpdatedAt)}, from {string.Join(", ", summary.Surfaces.Select(DisplayText.Clean))}");

    /// <summary>A topic as a title: one line, cleaned, cut.</summary>
    internal static string Topic(string topic)
    {
        var clean = DisplayText.Clean(topic).Trim();
        if (clean.Length == 0)
            return ResourceTexts.NoTopic;
        if (clean.Length <= MaxTopicCharacters)
            return clean;
        var end = char.IsHighSurrogate(clean[MaxTopicCharacters - 1]) ? MaxTopicCharacters - 1 : MaxTopicCharacters;
        return $"{clean[..end]}…";
    }

    private static void Append(StringBuilder text, ConversationMessage message)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {DisplayText.Clean(message.Role)}, {DisplayText.Clean(message.Surface)}, {WireTime.Format(message.Timestamp)}\n\n");
        foreach (var line in message.Content.AsSpan().EnumerateLines())
            text.Append(line.IsEmpty ? ">" : "> ").Append(line).Append('\n');
    }
}
