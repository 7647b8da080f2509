namespace Maestra.Backend.Providers;

/// <summary>
/// How long a stream is still read after its answer is whole: for the count of tokens and the end that lets the connection be used again,
/// and no longer, since some servers and proxies never end it.
/// </summary>
internal sealed class StreamTail : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;
    private bool _hasBegun;

    public StreamTail(TimeProvider time, CancellationToken caller)
    {
        _limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_limit.Token, caller);
        _caller = caller;
    }

    /// <summary>To read with.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>It was this that ended the reading, and not the caller.</summary>
    public bool IsOver => _limit.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>The answer is whole. Said again it changes nothing: a server that goes on and on does not move the end.</summary>
    public void Begin()
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        _limit.CancelAfter(Patience);
    }

    public void Dispose()
    {
        _either.Dispose();
        _limit.Dispose();
    }
}
