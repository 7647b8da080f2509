using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Lifecycle;

/// <summary>The hub starts with nothing given: no environment, no home, no network, no backend (mcp.md §4).</summary>
public sealed class BareStartTests : IDisposable
{
    // A folder in which nobody can write, not even root.
    private const string ReadOnlyFolder = "/proc";

    private readonly HubHome _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData(McpEra.Handshake)]
    [InlineData(McpEra.Stateless)]
    public async Task Serve_EmptyEnvironment_Answers(McpEra era)
    {
        // What is built for tests runs on the installed runtime and must be told where that is; what is published is not.
        var runtime = Environment.GetEnvironmentVariable("DOTNET_ROOT");
        string[] arguments = runtime is null ? ["-i", BuiltPrograms.Hub] : ["-i", $"DOTNET_ROOT={runtime}", BuiltPrograms.Hub];
        await ListsItsToolsAsync(new ProgramStart("/usr/bin/env", _home.Path, arguments), era);
    }

    [Fact]
    public Task Serve_HomeUnset_Answers() => ListsItsToolsAsync(
        new ProgramStart("/usr/bin/env", _home.Path, "-u", "HOME", "-u", "USERPROFILE", BuiltPrograms.Hub), McpEra.Handshake);

    [Fact]
    public Task Serve_ReadOnlyHome_Answers() => ListsItsToolsAsync(
        new ProgramStart(BuiltPrograms.Hub, _home.Path).With("HOME", ReadOnlyFolder).With("USERPROFILE", ReadOnlyFolder),
        McpEra.Handshake);

    private static async Task ListsItsToolsAsync(ProgramStart start, McpEra era)
    {
        await using var hub = await StdioMcpClient.StartAsync(start, era);

        var tools = await hub.ResultAsync("tools/list");
        var health = await hub.CallToolAsync("maestra_health");

        Assert.Equal(3, tools["tools"]!.AsArray().Count);
        Assert.NotNull(health["structuredContent"]);
        Assert.Equal(0, await hub.CloseAsync());
        Assert.Empty(hub.StrayLines);
    }
}
