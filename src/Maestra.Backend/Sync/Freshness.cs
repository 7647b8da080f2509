namespace Maestra.Backend.Sync;

/// <summary>Lets the first questions after a start, or after a peer was taken up, wait a moment for what was said elsewhere.</summary>
internal sealed class Freshness(SyncBoard board)
{
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private int _waited;

    /// <returns>True when the answer may lack what a peer holds.</returns>
    public async Task<bool> IsStaleAsync(CancellationToken cancellationToken)
    {
        if (!board.MayLack)
        {
            Volatile.Write(ref _waited, 0);
            return false;
        }

        // Only the first questions wait; one that has waited in vain is enough to tell the next not to.
        if (Volatile.Read(ref _waited) == 1)
            return true;
        var stale = await board.WaitAsync(LongestWait, cancellationToken);
        Volatile.Write(ref _waited, stale ? 1 : 0);
        return stale;
    }
}
