using System.Runtime.InteropServices;

namespace Maestra.Backend.Stopping;

/// <summary>
/// Ends the program when it is told to: at the first signal it drains and then stops, at the second it ends at once.
/// Takes the place of the framework's lifetime, which closes the port before running work is done.
/// </summary>
internal sealed class DrainLifetime(Drain drain, IHostApplicationLifetime application, TimeProvider time, ILogger<DrainLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in StopSignals.All)
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Left to the system the second one ends the process there and then: whatever was acknowledged is durable.
        if (Interlocked.Increment(ref _count) > 1)
            return;
        context.Cancel = true;
        _ = Task.Run(StopAfterDrainAsync);
    }

    private async Task StopAfterDrainAsync()
    {
        var running = drain.Begin();
        logger.Draining(running, (int)Drain.Limit.TotalSeconds);
        await drain.WaitAsync(time);
        application.StopApplication();
    }
}
