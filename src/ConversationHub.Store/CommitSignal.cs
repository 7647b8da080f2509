namespace ConversationHub.Store;

/// <summary>Counts commits and wakes who waits for the next one. Thread-safe.</summary>
public sealed class CommitSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _count;

    /// <summary>Commits since the store was opened.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Ends when there are more commits than that.</summary>
    public Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        lock (_gate)
            return _count > after ? Task.CompletedTask : _next.Task.WaitAsync(cancellationToken);
    }

    /// <summary>One more commit; for the store whose signal this is.</summary>
    public void Raise()
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _count++;
            waiting = _next;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }
}
