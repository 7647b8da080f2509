using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Prompts;

/// <summary>Answers <c>prompts/list</c> and <c>prompts/get</c>: to continue a conversation, to summarise it, to hand it over.</summary>
internal sealed class ConversationPrompts(ConversationSource source, ConversationResources resources)
{
    private static readonly PromptArgument ConversationIdArgument =
        new() { Name = PromptTexts.ConversationIdArgument, Description = PromptTexts.ConversationIdDescription };

    private static readonly Prompt[] All =
    [
        new()
        {
            Name = PromptTexts.ContinueName,
            Title = PromptTexts.ContinueTitle,
            Description = PromptTexts.ContinueDescription,
            Arguments = [ConversationIdArgument, new() { Name = PromptTexts.MessageArgument, Description = PromptTexts.MessageDescription }],
        },
        new()
        {
            Name = PromptTexts.SummariseName,
            Title = PromptTexts.SummariseTitle,
            Description = PromptTexts.SummariseDescription,
            Arguments = [ConversationIdArgument],
        },
        new()
        {
            Name = PromptTexts.HandOverName,
            Title = PromptTexts.HandOverTitle,
            Description = PromptTexts.HandOverDescription,
            Arguments = [ConversationIdArgument, new() { Name = PromptTexts.SurfaceArgument, Description = PromptTexts.SurfaceDescription }],
        },
    ];

    /// <summary>The names of a prompt's arguments; null when there is no such prompt.</summary>
    internal static string[]? ArgumentsOf(string? prompt) =>
        Array.Find(All, known => known.Name == prompt)?.Arguments!.Select(static argument => argument.Name).ToArray();

    internal static ValueTask<ListPromptsResult> ListAsync(RequestContext<ListPromptsRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListPromptsResult { Prompts = [.. All] });

    internal async ValueTask<GetPromptResult> GetAsync(RequestContext<GetPromptRequestParams> request, CancellationToken cancellationToken)
    {
        if (Array.Find(All, known => known.Name == request.Params?.Name) is not { } prompt)
            throw Invalid(PromptTexts.UnknownPrompt(request.Params?.Name));

        string[] names = [.. prompt.Arguments!.Select(argument => argument.Name)];
        var arguments = new ArgumentReader(request.Params!.Arguments ?? new Dictionary<string, JsonElement>(), names, names);
        var named = arguments.Text(PromptTexts.ConversationIdArgument, ConversationId.Rule, text => ConversationId.TryParse(text, out _));
        var message = arguments.Text(PromptTexts.MessageArgument, ArgumentTexts.MessageRule, ArgumentRules.FitsMessage);
        var surface = arguments.Text(PromptTexts.SurfaceArgument, ArgumentRules.NameRule(SurfaceId.MaxLength), text => SurfaceId.TryParse(text, out _));
        if (arguments.Problems.Count > 0)
            throw Invalid(PromptTexts.NotGiven(prompt.Name, arguments.Problems));

        var id = named is null ? await LatestAsync(cancellationToken) : ConversationId.Parse(named);
        var instruction = prompt.Name switch
        {
            PromptTexts.ContinueName => PromptTexts.Continue(id, message is not null),
            PromptTexts.SummariseName => PromptTexts.Summarise(id),
            _ => PromptTexts.HandOver(id, surface),
        };
        List<PromptMessage> messages =
        [
            Text(instruction),
            new()
            {
                Role = Role.User,
                Content = new EmbeddedResourceBlock
                {
                    Resource = await resources.ReadOneAsync(new ConversationUri(id, null, AsJson: false), cancellationToken),
                },
            },
        ];
        if (message is not null)
            messages.Add(Text(message));
        return new GetPromptResult { Description = prompt.Description, Messages = messages };
    }

    private async Task<ConversationId> LatestAsync(CancellationToken cancellationToken)
    {
        var (page, _) = await source.ListAsync(1, cancellationToken);
        return page.Conversations.Count > 0 && ConversationId.TryParse(page.Conversations[0].Id, out var id)
            ? id
            : throw Invalid(PromptTexts.NoneYet);
    }

    private static PromptMessage Text(string text) => new() { Role = Role.User, Content = new TextContentBlock { Text = text } };

    private static McpProtocolException Invalid(string message) => new(message, McpErrorCode.InvalidParams);
}
