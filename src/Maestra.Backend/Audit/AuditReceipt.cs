namespace Maestra.Backend.Audit;

/// <summary>What becomes of one record at the sinks. Thread-safe.</summary>
/// <param name="sinks">How many get it; at least one.</param>
internal sealed class AuditReceipt(int sinks)
{
    private readonly TaskCompletionSource<bool> _kept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = sinks;

    /// <summary>True as soon as one sink has it, false when all have dropped it.</summary>
    public Task<bool> Kept => _kept.Task;

    public void Delivered() => _kept.TrySetResult(true);

    public void Dropped()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _kept.TrySetResult(false);
    }
}
