namespace ConversationHub.Store;

/// <summary>The window of a partition after a request was counted.</summary>
/// <param name="IsAdmitted">False when the window was spent: the request did not count.</param>
/// <param name="Count">Requests admitted in this window, this one included.</param>
/// <param name="Left">Until the window ends, by the clock that all replicas share: more than zero, at most its length.</param>
public sealed record SharedRateWindow(bool IsAdmitted, int Count, TimeSpan Left);

/// <summary>Counts requests together with all replicas (wire.md §8, §10.4). Thread-safe.</summary>
public interface ISharedRateWindows : IAsyncDisposable
{
    /// <summary>Counts a request of a partition. Not idempotent: a repeat counts again.</summary>
    /// <param name="partition">Whose requests; at most 256 characters.</param>
    /// <param name="limit">How many are admitted in a window; at least 1.</param>
    /// <param name="window">How long a window is, from its first request on.</param>
    /// <returns>Null when the database cannot be asked in time; the caller then counts for itself.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up; the request may have been counted.</exception>
    Task<SharedRateWindow?> CountAsync(string partition, int limit, TimeSpan window, CancellationToken cancellationToken);
}
