namespace ConversationHub.Mcp.Asking;

/// <summary>
/// How many questions are worked on at once, and who waits for a place meanwhile, in the order of coming (docs/decisions/0063).
/// Only questions pass here: whatever else a client asks for is answered while they wait. One for the whole program. Thread-safe.
/// </summary>
internal sealed class QuestionGate(TimeProvider time) : IDisposable
{
    /// <summary>Questions worked on at once.</summary>
    internal const int MaxAtWork = 256;

    /// <summary>Questions that wait for a place; beyond it one is refused at once.</summary>
    internal const int MaxInLine = 256;

    private readonly SemaphoreSlim _places = new(MaxAtWork, MaxAtWork);
    private int _inLine;

    internal enum Entry
    {
        /// <summary>It has a place, and gives it back by <see cref="Leave"/>.</summary>
        Admitted,

        /// <summary>No place became free in its time.</summary>
        TimeIsSpent,

        /// <summary>As many as may wait do so already.</summary>
        LineIsFull,
    }

    /// <summary>Takes a place at once, or waits for one.</summary>
    /// <param name="patience">How long at most.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled; it has no place.</exception>
    internal ValueTask<Entry> EnterAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        _places.Wait(0, cancellationToken) ? ValueTask.FromResult(Entry.Admitted) : WaitInLineAsync(patience, cancellationToken);

    internal void Leave() => _places.Release();

    public void Dispose() => _places.Dispose();

    private async ValueTask<Entry> WaitInLineAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _inLine) > MaxInLine)
                return Entry.LineIsFull;
            using var spent = new CancellationTokenSource(patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(spent.Token, cancellationToken);
            await _places.WaitAsync(either.Token);
            return Entry.Admitted;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Entry.TimeIsSpent;
        }
        finally
        {
            Interlocked.Decrement(ref _inLine);
        }
    }
}
