using ConversationHub.Contracts;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Conversations;

/// <summary>
/// Answers <c>completion/complete</c>: ids of recent conversations, for the resource templates and for the argument of the
/// prompts that names one. Nothing else can be guessed, and gets an empty list.
/// </summary>
internal sealed class ConversationCompletion(ConversationSource source)
{
    /// <summary>The protocol's own bound of one answer.</summary>
    internal const int MaxValues = 100;

    /// <summary>Conversations looked through, those that changed last.</summary>
    internal const int MaxSearched = WireLimits.ListPageMax;

    /// <summary>Longer than any id, so that no id begins with it.</summary>
    private const int MaxIdCharacters = 128;

    internal async ValueTask<CompleteResult> CompleteAsync(RequestContext<CompleteRequestParams> request, CancellationToken cancellationToken)
    {
        var wanted = request.Params ?? throw Invalid(ProtocolTexts.InvalidParameters(RequestMethods.CompletionComplete));
        if (!NamesAConversation(wanted.Ref, wanted.Argument.Name))
            return Result([], total: 0);
        if (wanted.Argument.Value.Length > MaxIdCharacters)
            return Result([], total: 0);

        var (page, _) = await source.ListAsync(MaxSearched, cancellationToken);
        string[] found =
        [
            .. page.Conversations
                .Where(summary => Fits(summary, wanted.Argument.Value))
                .Select(static summary => summary.Id),
        ];

        // More conversations than were looked through: how many there are in all is then not known.
        return Result(found, page.NextCursor is null ? found.Length : null);
    }

    /// <summary>What a person has typed may begin the id, or stand in the topic, which is what people remember.</summary>
    private static bool Fits(ConversationSummary summary, string typed) =>
        ConversationId.TryParse(summary.Id, out _)
        && (summary.Id.StartsWith(typed, StringComparison.OrdinalIgnoreCase)
            || summary.Topic.Contains(typed, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="McpProtocolException">There is no such template, prompt, or argument of it.</exception>
    private static bool NamesAConversation(Reference reference, string argument) => reference switch
    {
        ResourceTemplateReference { Uri: ConversationUri.OneTemplate } when argument == ConversationUri.IdVariable => true,
        ResourceTemplateReference { Uri: ConversationUri.OlderTemplate } when argument == ConversationUri.IdVariable => true,
        ResourceTemplateReference { Uri: ConversationUri.OlderTemplate } when argument == ConversationUri.MessageIdVariable => false,
        ResourceTemplateReference { Uri: ConversationUri.OneTemplate or ConversationUri.OlderTemplate } template =>
            throw Invalid(ResourceTexts.NoSuchVariable(template.Uri!, argument)),
        ResourceTemplateReference template => throw Invalid(ResourceTexts.NoSuchTemplate(template.Uri)),
        PromptReference prompt => ConversationPrompts.ArgumentsOf(prompt.Name) switch
        {
            null => throw Invalid(PromptTexts.UnknownPrompt(prompt.Name)),
            var known when known.Contains(argument) => argument == PromptTexts.ConversationIdArgument,
            var known => throw Invalid(PromptTexts.UnknownArgument(prompt.Name, argument, known)),
        },
        _ => throw Invalid(ProtocolTexts.InvalidParameters(RequestMethods.CompletionComplete)),
    };

    private static CompleteResult Result(string[] values, int? total) => new()
    {
        Completion = new Completion
        {
            Values = [.. values.Take(MaxValues)],
            Total = total,
            HasMore = total is null || values.Length > MaxValues,
        },
    };

    private static McpProtocolException Invalid(string message) => new(message, McpErrorCode.InvalidParams);
}
