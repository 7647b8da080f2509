using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Conversations as earlier or foreign backends tell them, with null where text belongs: such a text is empty, such an item of a list is
/// left out, so that one of them hides no other. Pure.
/// </summary>
internal static class MissingTexts
{
    /// <summary>Null when what cannot be made up is missing.</summary>
    public static ConversationPage? Fill(ConversationPage page) => page.Conversations is null
        ? null
        : page with { Conversations = [.. page.Conversations.Where(static summary => summary?.Id is not null).Select(Fill)] };

    /// <inheritdoc cref="Fill(ConversationPage)"/>
    public static ConversationDocument? Fill(ConversationDocument document) => document is { Id: null } or { Meta: null } or { Messages: null }
        ? null
        : document with
        {
            Topic = document.Topic ?? "",
            Owner = document.Owner ?? "",
            Surfaces = Fill(document.Surfaces),
            Tags = Fill(document.Tags),
            Messages = [.. document.Messages.Where(static message => message is not null).Select(Fill)],
            Artifacts = [.. (document.Artifacts ?? []).Where(static artifact => artifact is { Type: not null, Id: not null })],
            Meta = document.Meta with { Status = document.Meta.Status ?? "" },
        };

    private static ConversationSummary Fill(ConversationSummary summary) => summary with
    {
        Topic = summary.Topic ?? "",
        Owner = summary.Owner ?? "",
        Surfaces = Fill(summary.Surfaces),
        Status = summary.Status ?? "",
    };

    private static ConversationMessage Fill(ConversationMessage message) => message with
    {
        Id = message.Id ?? "",
        Role = message.Role ?? "",
        Content = message.Content ?? "",
        Surface = message.Surface ?? "",
        Meta = message.Meta ?? new MessageMeta(),
    };

    private static IReadOnlyList<string> Fill(IReadOnlyList<string>? texts) => [.. (texts ?? []).Where(static text => text is not null)];
}
