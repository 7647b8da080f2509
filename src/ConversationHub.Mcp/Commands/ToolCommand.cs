using System.Text;
using System.Text.Json;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Hosting;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Tools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Commands;

/// <summary><c>ask</c> and <c>health</c>: one call of a tool from a shell, through the code that MCP clients reach.</summary>
internal static class ToolCommand
{
    /// <summary>The name this program gives itself as a surface when a person calls it.</summary>
    private const string CommandLineSurface = "cli";

    /// <summary>Nobody waits for the end of a command as an MCP client does; a disk that hangs must not hold it for long all the same.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(2);

    /// <summary>The result goes to standard output, a failure to standard error.</summary>
    internal static async Task<int> RunAsync<TTool>(
        HubSettings settings, IReadOnlyList<KeyValuePair<string, JsonElement>> arguments, bool asJson, Stream stdout)
        where TTool : HubTool
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddHubLogging(settings with { LogLevel = QuietLevel(settings) }, Console.Error));
        services.AddHub(settings);
        await using var provider = services.BuildServiceProvider();
        return await CallAsync<TTool>(provider, arguments, asJson, stdout);
    }

    /// <param name="services">The hub's; a test takes some of its own.</param>
    internal static async Task<int> CallAsync<TTool>(
        IServiceProvider services, IReadOnlyList<KeyValuePair<string, JsonElement>> arguments, bool asJson, Stream stdout)
        where TTool : HubTool
    {
        var call = new ToolCall(arguments, CommandLineSurface, null, null);
        var result = await services.GetRequiredService<TTool>().CallAsync(call, CancellationToken.None);
        var failed = result.IsError is true || SaysNoTarget(result);
        var text = asJson && result.StructuredContent is { } structured
            ? structured.GetRawText()
            : string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text));
        if (result.IsError is true && !asJson)
            await StandardStreams.TellAsync(text);
        else
            failed |= !await TryWriteAsync(stdout, text);
        await services.GetRequiredService<KeptConversations>().SettleAsync(SettleLimit);
        return failed ? ExitCodes.NotAnswered : ExitCodes.Ended;
    }

    private static async Task<bool> TryWriteAsync(Stream stdout, string text)
    {
        try
        {
            await stdout.WriteAsync(Encoding.UTF8.GetBytes($"{text}\n"));
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Closed, full, or its reader is gone.
            await StandardStreams.TellAsync($"conversation-hub-mcp: the result could not be written to standard output: {failure.Message}");
            return false;
        }
    }

    /// <summary>The result says what failed; a person at a shell need not read it twice, unless they look for a fault.</summary>
    private static LogLevel QuietLevel(HubSettings settings) =>
        settings.LogLevel < LogLevel.Information ? settings.LogLevel : LogLevel.Error;

    private static bool SaysNoTarget(CallToolResult result) =>
        result.StructuredContent is { } structured &&
        structured.TryGetProperty("active", out var active) &&
        active.ValueEquals(Results.HealthRendering.NoTarget);
}
