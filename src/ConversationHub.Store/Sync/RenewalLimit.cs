namespace ConversationHub.Store.Sync;

/// <summary>
/// A store is put back from a backup while it does not run, so one that runs is found behind its peers once, soon after its start. A peer that
/// says so again and again would have it take new origins without end, and every vector grows by them: it is believed once an hour. Thread-safe.
/// </summary>
internal sealed class RenewalLimit(TimeProvider time)
{
    public static readonly TimeSpan BetweenRenewals = TimeSpan.FromHours(1);

    private const long Never = long.MinValue;

    private long _last = Never;

    /// <summary>Whether a peer is believed now.</summary>
    public bool IsOpen => Interlocked.Read(ref _last) is var last && (last == Never || time.GetElapsedTime(last) >= BetweenRenewals);

    /// <summary>New origins were taken at the word of a peer.</summary>
    public void Note() => Interlocked.Exchange(ref _last, time.GetTimestamp());
}
