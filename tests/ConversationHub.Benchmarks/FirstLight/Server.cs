using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>An MCP server as it is started to be measured.</summary>
internal sealed record Server(string Name, string Program, string[] Arguments, IReadOnlyDictionary<string, string> Environment)
{
    public string Tool { get; init; } = "maestra_ask";

    public static Server Hub(string program, string home, string localUrl) =>
        new("conversation-hub-mcp", program, [], HubEnvironment(home, localUrl, cloud: null));

    public static Server TypeScript(string server, string backendUrl) =>
        new("TypeScript SDK server", "node", [server], new Dictionary<string, string> { ["BACKEND_URL"] = backendUrl });

    public static Dictionary<string, string> HubEnvironment(string home, string localUrl, string? cloud, string? route = null)
    {
        var environment = new Dictionary<string, string> { ["HOME"] = home, ["MAESTRA_LOCAL_URL"] = localUrl };
        if (cloud is not null)
            environment["MAESTRA_CLOUD_URL"] = cloud;
        if (route is not null)
            environment["MAESTRA_ROUTE"] = route;
        return environment;
    }

    public McpPipe Start() => McpPipe.Start(Program, Arguments, Environment);
}
