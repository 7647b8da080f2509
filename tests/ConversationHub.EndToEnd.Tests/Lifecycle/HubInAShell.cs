using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Lifecycle;

/// <summary>
/// The real hub with a shell as its parent, so that the parent can die alone and standard output can lose its reader
/// while standard input stays in this test's hands. The shell ends with the hub's exit code.
/// </summary>
internal sealed class HubInAShell : IAsyncDisposable
{
    // Job control, because without it a shell starts what runs in the background with SIGINT ignored.
    private const string Script =
        """
        set -m
        case "$1" in
            to-one-line) exec 3> >(exec head -n 1) ;;
            to-nobody) exec 3> >(head -n 1; exec sleep 10 >/dev/null 2>&1) ;;
            *) exec 3>&1 ;;
        esac
        ( echo "hub $BASHPID" >&2; exec "$0" serve ) <&0 >&3 3>&- &
        exec 3>&-
        wait $!
        """;

    private const int SigKill = 9;

    private HubInAShell(StdioMcpClient client, int id)
    {
        Client = client;
        Id = id;
    }

    public enum Output
    {
        /// <summary>Read to its end.</summary>
        Read,

        /// <summary>Its reader ends after one line.</summary>
        ToOneLine,

        /// <summary>After one line nobody reads it, and it stays open.</summary>
        ToNobody,
    }

    public StdioMcpClient Client { get; }

    /// <summary>The hub's process id; that of <see cref="Client"/>'s program is the shell's.</summary>
    public int Id { get; }

    public static async Task<HubInAShell> StartAsync(HubHome home, Output output, McpEra era, params (string Name, string Value)[] settings)
    {
        var mode = output switch
        {
            Output.ToOneLine => "to-one-line",
            Output.ToNobody => "to-nobody",
            _ => "read",
        };
        var start = new ProgramStart("/bin/bash", home.Path, "-c", Script, BuiltPrograms.Hub, mode);
        start = settings.Aggregate(start, (so, setting) => so.With(setting.Name, setting.Value));
        var client = await StdioMcpClient.StartAsync(start, era);
        var line = await client.Program.Error.FirstAsync(line => line.StartsWith("hub ", StringComparison.Ordinal));
        return new HubInAShell(client, int.Parse(line.AsSpan("hub ".Length), CultureInfo.InvariantCulture));
    }

    /// <summary>Lets it happen and measures until the hub has ended. The exit code is the hub's, or the shell's when that was killed.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> EndByAsync(LifecycleEvent what)
    {
        var started = Stopwatch.GetTimestamp();
        switch (what)
        {
            case LifecycleEvent.EndOfInput:
                Client.Program.Input.Close();
                break;
            case LifecycleEvent.ParentDies:
                Send(Client.Program.Id, SigKill);
                break;
            default:
                Send(Id, (int)what);
                break;
        }

        // With the last writer of its output gone, the hub is gone too, also when the shell went before it.
        var exitCode = await Client.Program.ExitAsync();
        return (exitCode, Stopwatch.GetElapsedTime(started));
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private static void Send(int process, int signal)
    {
        if (Kill(process, signal) != 0)
            throw new InvalidOperationException($"kill(2) failed for process {process}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}

/// <summary>What ends a hub. Signals are their numbers.</summary>
public enum LifecycleEvent
{
    EndOfInput = 0,
    Hangup = 1,
    Interrupt = 2,
    Terminate = 15,
    ParentDies = 100,
}
