namespace ConversationHub.Routing;

/// <summary>The one deadline of a question, made at the edge and passed down as a value. Monotonic: clock jumps do not move it.</summary>
internal readonly struct Deadline
{
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly TimeSpan _budget;

    public Deadline(TimeProvider time, TimeSpan budget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(budget, TimeSpan.Zero);
        _time = time;
        _budget = budget;
        _start = time.GetTimestamp();
    }

    public TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>Never negative.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _budget - Elapsed;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
