namespace ConversationHub.Store.Housekeeping;

/// <summary>
/// Gives back what work has left behind. The collector keeps it for the next burst, and collects nothing while nothing is allocated, so that a
/// process that rests would hold for days what one busy minute took. Used by one thread at a time.
/// </summary>
/// <param name="look">Collections of the first generation since the start, and bytes that the collector holds.</param>
/// <param name="giveBack">May stop every thread for a tenth of a second in a store of millions.</param>
internal sealed class IdleMemory(TimeProvider time, Func<(int Collections, long Committed)> look, Action giveBack)
{
    /// <summary>Looked at once in so long.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <summary>Of a process at rest in a window: its timers allocate, too.</summary>
    public const int FewCollections = 2;

    /// <summary>More than was held after the last time; less is not worth the stop.</summary>
    public const long WorthBytes = 32L << 20;

    private long _since = time.GetTimestamp();
    private int _collections = look().Collections;
    private long _atLeast = look().Committed;

    public IdleMemory(TimeProvider time)
        : this(time, static () => (GC.CollectionCount(0), GC.GetGCMemoryInfo().TotalCommittedBytes), static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true))
    {
    }

    public void Run()
    {
        if (time.GetElapsedTime(_since) < Window)
            return;
        var (collections, committed) = look();
        if (collections - _collections <= FewCollections && committed - _atLeast >= WorthBytes)
        {
            giveBack();
            (collections, _atLeast) = look();
        }
        else
        {
            // Given back by the collector itself.
            _atLeast = Math.Min(_atLeast, committed);
        }

        (_since, _collections) = (time.GetTimestamp(), collections);
    }
}
