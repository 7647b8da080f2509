namespace ConversationHub.Store;

/// <summary>Holds the store's last known state. Thread-safe; snapshots out.</summary>
internal sealed class StatusBoard(string kind)
{
    private readonly Lock _gate = new();
    private StoreStatus _status = new(kind, 0, null, StoreHealthState.Healthy, null);
    private string? _damage;
    private string? _trouble;
    private string? _ended;
    private string? _refusing;
    private readonly TaskCompletionSource<string> _damaged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Tells who waits for it that something was committed.</summary>
    public CommitSignal Commits { get; } = new();

    /// <summary>Ends with the first damage that is found.</summary>
    public Task<string> Damaged => _damaged.Task;

    public StoreStatus Current => Volatile.Read(ref _status);

    /// <summary>Null while everything is written; then why nothing is until a restart.</summary>
    public string? Ended => Volatile.Read(ref _ended);

    public void Committed(int conversations, DateTimeOffset at)
    {
        lock (_gate)
            Publish_NeedsLock(Current with { Conversations = conversations, LastCommit = at });
        Commits.Raise();
    }

    public void Counted(int conversations)
    {
        lock (_gate)
            Publish_NeedsLock(Current with { Conversations = conversations });
    }

    /// <summary>A part of what is held cannot be read; it stays so.</summary>
    public void FoundDamage(string what)
    {
        lock (_gate)
        {
            _damage ??= what;
            Publish_NeedsLock(Current);
        }

        _damaged.TrySetResult(what);
    }

    /// <summary>Work behind the commits fails for now, or, with null, is done again.</summary>
    public void Troubled(string? why)
    {
        lock (_gate)
        {
            if (_trouble == why)
                return;
            _trouble = why;
            Publish_NeedsLock(Current);
        }
    }

    /// <summary>Writes are refused for now, or, with null, taken again.</summary>
    public void Refusing(string? why)
    {
        lock (_gate)
        {
            _refusing = why;
            Publish_NeedsLock(Current);
        }
    }

    /// <summary>Nothing is written any more until a restart.</summary>
    public void WritingEnded(string why)
    {
        lock (_gate)
        {
            _ended ??= why;
            Publish_NeedsLock(Current);
        }
    }

    private void Publish_NeedsLock(StoreStatus status)
    {
        var unavailable = _ended ?? _refusing;
        Volatile.Write(ref _status, status with
        {
            Health = unavailable is not null ? StoreHealthState.Unavailable
                : (_damage ?? _trouble) is not null ? StoreHealthState.Degraded
                : StoreHealthState.Healthy,
            Reason = unavailable ?? _damage ?? _trouble,
        });
    }
}
