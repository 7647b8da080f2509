using System.Text.Json;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Protocol;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.ConformanceHost;

/// <summary>The resources, prompts and small requests of the suite.</summary>
internal static class FixtureHandlers
{
    private const string TemplatePrefix = "test://template/";
    private const string TemplateSuffix = "/data";

    private static readonly Resource[] Resources =
    [
        new() { Uri = "test://static-text", Name = "static-text", MimeType = "text/plain" },
        new() { Uri = "test://static-binary", Name = "static-binary", MimeType = "image/png" },
        new() { Uri = "test://watched-resource", Name = "watched-resource", MimeType = "text/plain" },
    ];

    private static readonly Prompt[] Prompts =
    [
        new() { Name = "test_simple_prompt", Description = "No arguments." },
        new() { Name = "test_prompt_with_arguments", Description = "Two arguments.", Arguments = [Argument("arg1"), Argument("arg2")] },
        new() { Name = "test_prompt_with_embedded_resource", Description = "A resource.", Arguments = [Argument("resourceUri")] },
        new() { Name = "test_prompt_with_image", Description = "An image." },
        new() { Name = "test_input_required_result_prompt", Description = "Asks back." },
    ];

    internal static void Replace(McpServerOptions options, ToolDispatch tools)
    {
        options.Capabilities!.Resources!.Subscribe = true;
        options.Capabilities.Logging = new LoggingCapability();
        options.Capabilities.Completions = new CompletionsCapability();
        var handlers = options.Handlers;
        handlers.CallToolHandler = (request, cancellationToken) => FixtureTool.DispatchAsync(tools, request, cancellationToken);
        handlers.ListResourcesHandler = (_, _) => ValueTask.FromResult(new ListResourcesResult { Resources = [.. Resources] });
        handlers.ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(new ListResourceTemplatesResult
        {
            ResourceTemplates = [new() { UriTemplate = $"{TemplatePrefix}{{id}}{TemplateSuffix}", Name = "template", MimeType = "application/json" }],
        });
        handlers.ReadResourceHandler = (request, _) => ValueTask.FromResult(Read(request));
        handlers.SubscribeToResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.UnsubscribeFromResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.ListPromptsHandler = (_, _) => ValueTask.FromResult(new ListPromptsResult { Prompts = [.. Prompts] });
        handlers.GetPromptHandler = (request, _) => ValueTask.FromResult(Get(request.Params!));
        handlers.CompleteHandler = (_, _) => ValueTask.FromResult(new CompleteResult { Completion = new Completion { Values = [], Total = 0, HasMore = false } });
        handlers.SetLoggingLevelHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
    }

    private static ReadResourceResult Read(RequestContext<ReadResourceRequestParams> request)
    {
        var uri = request.Params!.Uri;
        ResourceContents contents = uri switch
        {
            "test://static-text" => Text(uri, "This is the content of the static text resource."),
            "test://static-binary" => new BlobResourceContents { Uri = uri, MimeType = "image/png", Blob = Fixtures.Png },
            "test://watched-resource" => Text(uri, "Watched."),
            _ when uri.StartsWith(TemplatePrefix, StringComparison.Ordinal) && uri.EndsWith(TemplateSuffix, StringComparison.Ordinal) => new TextResourceContents
            {
                Uri = uri,
                MimeType = "application/json",
                Text = $$"""{"id":"{{uri[TemplatePrefix.Length..^TemplateSuffix.Length]}}","templateTest":true,"data":"Data for ID: {{uri[TemplatePrefix.Length..^TemplateSuffix.Length]}}"}""",
            },
            _ => throw ResourceErrors.For(request.Server.NegotiatedProtocolVersion, ResourceErrors.NotFound(uri, $"There is no resource {uri}.")),
        };
        return new ReadResourceResult { Contents = [contents] };
    }

    private static GetPromptResult Get(GetPromptRequestParams prompt) => new()
    {
        Messages = prompt.Name switch
        {
            "test_simple_prompt" => [Say(Fixtures.Block("This is a simple prompt for testing."))],
            "test_prompt_with_arguments" => [Say(Fixtures.Block($"Prompt with arguments: arg1='{Given(prompt, "arg1")}', arg2='{Given(prompt, "arg2")}'"))],
            "test_prompt_with_embedded_resource" =>
            [
                Say(new EmbeddedResourceBlock { Resource = Text(Given(prompt, "resourceUri"), "Embedded resource content for testing.") }),
                Say(Fixtures.Block("Please process the embedded resource above.")),
            ],
            "test_prompt_with_image" => [Say(new ImageContentBlock { Data = Fixtures.Png, MimeType = "image/png" }), Say(Fixtures.Block("Please analyze the image above."))],
            "test_input_required_result_prompt" => [Say(Fixtures.Block($"Context: {Answered(prompt)}"))],
            _ => throw new McpProtocolException($"There is no prompt {prompt.Name}.", McpErrorCode.InvalidParams),
        },
    };

    private static string Answered(GetPromptRequestParams prompt) =>
        prompt.InputResponses is { } responses && responses.TryGetValue("user_context", out var response)
            ? response.Deserialize(InputResponse.ElicitResultJsonTypeInfo)?.Content?["context"].ToString() ?? ""
            : throw new InputRequiredException(new Dictionary<string, InputRequest> { ["user_context"] = Fixtures.Elicit("What context?", "context") });

    private static string Given(GetPromptRequestParams prompt, string name) =>
        prompt.Arguments is { } arguments && arguments.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new McpProtocolException($"{name} is missing.", McpErrorCode.InvalidParams);

    private static PromptArgument Argument(string name) => new() { Name = name, Description = name, Required = true };

    private static PromptMessage Say(ContentBlock content) => new() { Role = Role.User, Content = content };

    private static TextResourceContents Text(string uri, string text) => new() { Uri = uri, MimeType = "text/plain", Text = text };
}
