using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Tools;
using ConversationHub.McpHttp;
using ConversationHub.Testing.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Mcp.Tests.Rig;

/// <summary>MCP over HTTP on a real socket, with a router that does as the test says and a clock that it moves.</summary>
public abstract class HttpRig : IAsyncLifetime
{
    protected const string Token = "a-token-of-enough-characters";
    protected const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    private protected FakeRouter Router { get; } = new();

    protected HttpClient Client { get; } = new();

    protected ManualTimeProvider Time { get; } = new();

    protected WebApplication App { get; private set; } = null!;

    protected string Address { get; private set; } = "";

    /// <summary>Where questions get their places.</summary>
    private protected QuestionGate Gate { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Gate = new QuestionGate(Time);
        var settings = HubRig.DefaultSettings;
        var asker = new QuestionAsker(Router, new KeptConversations(settings, Time, NullLogger<KeptConversations>.Instance), Gate, new IdSource(Time), Time, settings);
        var tools = new ToolDispatch(
            [new AskTool(asker), new HealthTool(new FakeHealthReader()), new LegacyAskTool(asker)], NullLogger<ToolDispatch>.Instance);
        var source = new ConversationSource(new FakeConversationReader(), settings);
        var resources = new ConversationResources(source, NullLogger<ConversationResources>.Instance);
        var features = new HubFeatures(tools, resources, new ConversationPrompts(source, resources), new ConversationCompletion(source));
        App = McpWebServer.Build(new HttpSettings(0, Token), builder => builder.Services.AddSingleton<TimeProvider>(Time), _ => () => HubServerOptions.Create(features));
        await App.StartAsync();
        Address = McpWebServer.AddressOf(App);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
        Gate.Dispose();
    }

    /// <returns>Null: there was no room.</returns>
    protected async Task<string?> OpenAsync()
    {
        using var opened = await SendAsync(Initialize);
        await opened.Content.ReadAsStringAsync();
        return opened.Headers.TryGetValues("Mcp-Session-Id", out var ids) ? ids.Single() : null;
    }

    protected async Task<HttpStatusCode> ListAsync(string session)
    {
        using var listed = await SendAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/list"}""", ("Mcp-Session-Id", session));
        await listed.Content.ReadAsStringAsync();
        return listed.StatusCode;
    }

    protected static string Stateless(int id, string method, string parameters = "") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{ {{parameters}} "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"} } } }""";

    protected Task<HttpResponseMessage> SendAsync(string body, params (string Name, string Value)[] headers) => SendAsync(body, HttpMethod.Post, headers);

    protected Task<HttpResponseMessage> SendAsync(string? body, HttpMethod method, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, Address);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        (string Name, string Value)[] usual = [("Accept", "application/json, text/event-stream"), ("Authorization", $"Bearer {Token}")];
        foreach (var (name, value) in usual.Where(each => headers.All(header => header.Name != each.Name)).Concat(headers))
            request.Headers.TryAddWithoutValidation(name, value);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The answer, as JSON or as the last event.</summary>
    protected static async Task<JsonObject> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var json = text.StartsWith('{') ? text : text.Split('\n').Last(line => line.StartsWith("data: {", StringComparison.Ordinal))["data: ".Length..];
        return JsonNode.Parse(json)!.AsObject();
    }
}
