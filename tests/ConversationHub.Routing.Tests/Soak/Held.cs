using System.Diagnostics;
using System.Globalization;

namespace ConversationHub.Routing.Tests.Soak;

/// <summary>What the process holds at a moment.</summary>
/// <param name="Connections">Open at the backends.</param>
/// <param name="Handles">File descriptors, sockets among them.</param>
/// <param name="Timers">Every attempt that is under way has one.</param>
/// <param name="Tasks">Asynchronous methods under way (<see cref="ActiveTasks"/>).</param>
/// <param name="Bytes">Managed memory that is in use.</param>
internal sealed record Held(int Connections, int Handles, long Timers, int Tasks, long Bytes)
{
    public static Held Now(int connections)
    {
        var bytes = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        return new Held(connections, process.HandleCount, Timer.ActiveCount, ActiveTasks.Count, bytes);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Connections} connections, {Handles} handles, {Timers} timers, {Tasks} tasks, {Bytes / 1024.0 / 1024.0:0.0} MiB");
}
