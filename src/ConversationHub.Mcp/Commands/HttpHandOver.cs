using System.Diagnostics;
using System.Runtime.InteropServices;
using ConversationHub.Mcp.Stdio;

namespace ConversationHub.Mcp.Commands;

/// <summary>
/// <c>serve --transport http</c> is a program of its own, so that this one stays small: it takes this one's place, with the
/// same arguments and environment.
/// </summary>
internal static partial class HttpHandOver
{
    internal const string ProgramName = "conversation-hub-mcp-http";

    /// <summary>Where it may be, seen from this program's folder: as installed, and as <c>dotnet publish</c> and <c>dotnet build</c> leave it.</summary>
    private static readonly string[] Places = [".", "http", "../ConversationHub.McpHttp", "../../ConversationHub.McpHttp/debug", "../../ConversationHub.McpHttp/release"];

    internal static async Task<int> RunAsync(string[] args)
    {
        if (Find(AppContext.BaseDirectory) is not { } program)
        {
            await StandardStreams.TellAsync(
                $"conversation-hub-mcp: MCP over HTTP is served by {ProgramName}, which is not beside this program. Publish src/ConversationHub.McpHttp into the folder http beside it.");
            return ExitCodes.BadSettings;
        }

        if (!OperatingSystem.IsWindows())
        {
            Execute(program, [program, .. args, null]);
            await StandardStreams.TellAsync($"conversation-hub-mcp: {program} cannot be started: {Marshal.GetLastPInvokeErrorMessage()}");
            return ExitCodes.BadSettings;
        }

        using var child = Process.Start(new ProcessStartInfo(program, args) { UseShellExecute = false })!;
        await child.WaitForExitAsync();
        return child.ExitCode;
    }

    internal static string? Find(string folder)
    {
        var name = OperatingSystem.IsWindows() ? $"{ProgramName}.exe" : ProgramName;
        return Places.Select(place => Path.GetFullPath(Path.Combine(folder, place, name))).FirstOrDefault(File.Exists);
    }

    /// <summary>Returns only when it fails.</summary>
    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}
