using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Hosting;

/// <summary>
/// Ends the program when the process that started it has died while another one still holds standard input open.
/// It watches for the parent's id to change, not for 1: a client may itself be process 1, and an orphan may be
/// adopted by another process.
/// </summary>
internal sealed partial class ParentWatchdog(
    Func<int> parentId, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<ParentWatchdog> logger) : BackgroundService
{
    internal const int IntervalMilliseconds = 500;

    private readonly int _parent = parentId();

    [UnsupportedOSPlatform("windows")]
    internal static int UnixParentId() => GetParentProcessId();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(IntervalMilliseconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (parentId() == _parent)
                continue;
            McpTelemetry.ParentDied(logger, _parent);
            lifetime.StopApplication();
            return;
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParentProcessId();
}
