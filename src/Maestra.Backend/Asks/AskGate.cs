namespace Maestra.Backend.Asks;

/// <summary>How many asks are taken in at once, and how many of those work (wire.md §1.2). Beyond that they are refused before anything is stored.</summary>
internal sealed class AskGate(int maxRunning, int maxWaiting) : IDisposable
{
    public const int LocalRunning = 64;
    public const int LocalWaiting = 256;
    public const int CloudRunning = 256;
    public const int CloudWaiting = 1024;

    private readonly SemaphoreSlim _slots = new(maxRunning, maxRunning);
    private readonly int _maxInside = maxRunning + maxWaiting;
    private int _inside;

    /// <summary>True when the next would be refused. Asked before a body is read, which may take its sender half a minute.</summary>
    public bool IsFull => Volatile.Read(ref _inside) >= _maxInside;

    /// <returns>False when the backend is overloaded; otherwise <see cref="Leave"/> follows.</returns>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _inside) <= _maxInside)
            return true;
        Interlocked.Decrement(ref _inside);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _inside);

    /// <summary>Waits for a place to work; <see cref="ReleaseSlot"/> follows.</summary>
    public Task WaitForSlotAsync(CancellationToken cancellationToken) => _slots.WaitAsync(cancellationToken);

    public void ReleaseSlot() => _slots.Release();

    public void Dispose() => _slots.Dispose();
}
