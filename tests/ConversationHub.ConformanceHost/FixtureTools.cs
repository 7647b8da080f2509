using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.ConformanceHost;

/// <summary>The tools of both requirement sets but those that ask back within the result.</summary>
internal static class FixtureTools
{
    private const string Schema202012 =
        """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
          "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" }, "contactMethod": { "type": "string" }, "phone": { "type": "string" }, "email": { "type": "string" } },
          "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
          "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
          "then": { "required": ["phone"] },
          "else": { "required": ["email"] },
          "additionalProperties": false
        }
        """;

    internal static IEnumerable<FixtureTool> All { get; } =
    [
        Says("test_simple_text", "This is a simple text response for testing."),
        Gives("test_image_content", new ImageContentBlock { Data = Fixtures.Png, MimeType = "image/png" }),
        Gives("test_audio_content", new AudioContentBlock { Data = Fixtures.Wav, MimeType = "audio/wav" }),
        Gives("test_embedded_resource", Embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
        Gives(
            "test_multiple_content_types",
            Fixtures.Block("Multiple content types test:"),
            new ImageContentBlock { Data = Fixtures.Png, MimeType = "image/png" },
            Embedded("test://mixed-content-resource", "application/json", """{"test":"data","value":123}""")),
        new("test_error_handling", static (_, _) => Task.FromResult(new CallToolResult
        {
            IsError = true,
            Content = [Fixtures.Block("This tool intentionally returns an error for testing")],
        })),
        new("test_tool_with_progress", ProgressAsync),
        new("test_tool_with_logging", LogAsync),
        new("test_logging_tool", LogAsync),
        new("test_sampling", SampleAsync, """{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}"""),
        new(
            "test_elicitation",
            (request, token) => ElicitAsync(request, Argument(request, "message"), new() { ["response"] = new ElicitRequestParams.StringSchema() }, token),
            """{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}"""),
        new("test_elicitation_sep1034_defaults", static (request, token) => ElicitAsync(request, "Defaults", ElicitationSchemas.Defaults, token)),
        new("test_elicitation_sep1330_enums", static (request, token) => ElicitAsync(request, "Enums", ElicitationSchemas.Enums, token)),
        Says("test_streaming_elicitation", "Results only."),
        new("test_missing_capability", static (request, _) => request.Server.ClientCapabilities?.Sampling is not null
            ? Fixture("It was declared.")
            : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new() }, "Sampling was not declared.")),
        new("json_schema_2020_12_tool", static (_, _) => Fixture("done"), Schema202012),
    ];

    internal static Task<CallToolResult> Fixture(params ContentBlock[] content) => Task.FromResult(new CallToolResult { Content = content });

    internal static Task<CallToolResult> Fixture(string text) => Fixture(Fixtures.Block(text));

    private static FixtureTool Says(string name, string text) => new(name, (_, _) => Fixture(text));

    private static FixtureTool Gives(string name, params ContentBlock[] content) => new(name, (_, _) => Fixture(content));

    private static async Task<CallToolResult> ProgressAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        foreach (var progress in new[] { 0, 50, 100 })
        {
            if (request.Params!.ProgressToken is { } token)
                await request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = progress, Total = 100 }, cancellationToken: cancellationToken);
        }

        return await Fixture("done");
    }

    private static async Task<CallToolResult> LogAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var logger = request.Server.AsClientLoggerProvider().CreateLogger("conformance");
        foreach (var message in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" })
            Microsoft.Extensions.Logging.LoggerExtensions.LogInformation(logger, message);
        return await Fixture("done");
    }

    private static async Task<CallToolResult> SampleAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var result = await request.Server.SampleAsync(
            new CreateMessageRequestParams
            {
                Messages = [new SamplingMessage { Role = Role.User, Content = [Fixtures.Block(Argument(request, "prompt"))] }],
                MaxTokens = 100,
            },
            cancellationToken);
        return await Fixture($"LLM response: {result.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text}");
    }

    private static async Task<CallToolResult> ElicitAsync(
        RequestContext<CallToolRequestParams> request,
        string message,
        Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition> fields,
        CancellationToken cancellationToken)
    {
        var result = await request.Server.ElicitAsync(
            new ElicitRequestParams { Message = message, RequestedSchema = new ElicitRequestParams.RequestSchema { Properties = fields } }, cancellationToken);
        return await Fixture($"User response: {result.Action}");
    }

    private static string Argument(RequestContext<CallToolRequestParams> request, string name) =>
        request.Params!.Arguments is { } arguments && arguments.TryGetValue(name, out var value) ? value.ToString() : "";

    private static EmbeddedResourceBlock Embedded(string uri, string mimeType, string text) =>
        new() { Resource = new TextResourceContents { Uri = uri, MimeType = mimeType, Text = text } };
}
