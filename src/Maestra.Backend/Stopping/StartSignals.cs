using System.Runtime.InteropServices;

namespace Maestra.Backend.Stopping;

/// <summary>
/// Ends a start at the first signal, whatever phase it is in; at the second one the system ends the process there and then.
/// Once the backend has started <see cref="DrainLifetime"/> takes its place.
/// </summary>
internal sealed class StartSignals : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    /// <param name="outer">Ends the start too.</param>
    public StartSignals(CancellationToken outer)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(outer);
        foreach (var signal in StopSignals.All)
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    /// <summary>Cancelled when the start is to end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Takes no more signals. What is under way is not stopped by it.</summary>
    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _count) > 1)
            return;
        context.Cancel = true;
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The start is over, and the drain has the same signal.
        }
    }
}

/// <summary>What tells the program to end.</summary>
internal static class StopSignals
{
    /// <summary>SIGHUP: the terminal of a local backend was closed. Under nohup it is ignored and stays so.</summary>
    public static readonly PosixSignal[] All = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT, PosixSignal.SIGHUP];
}
