using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// Requests that were read while as many as allowed are being worked on, in the order of their lines. One adds, another takes.
/// Thread-safe.
/// </summary>
internal sealed class WaitingRequests
{
    private readonly Lock _lock = new();
    private readonly Queue<(JsonRpcRequest Request, long Bytes)> _line = new();
    private long _bytes;
    private bool _isTaken;
    private TaskCompletionSource? _room;

    internal bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _line.Count == 0;
        }
    }

    /// <param name="bytes">Of its line.</param>
    /// <returns>Whether nobody takes from the line yet: then the caller must see to it.</returns>
    internal bool Add(JsonRpcRequest request, long bytes)
    {
        lock (_lock)
        {
            _line.Enqueue((request, bytes));
            _bytes += bytes;
            var isFirst = !_isTaken;
            _isTaken = true;
            return isFirst;
        }
    }

    /// <summary>Who is next; null: nobody, and whoever is added after this must be taken anew.</summary>
    internal JsonRpcRequest? Next()
    {
        lock (_lock)
        {
            if (_line.TryPeek(out var next))
                return next.Request;
            _isTaken = false;
            return null;
        }
    }

    /// <summary>The one that <see cref="Next"/> told has had its turn.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            _bytes -= _line.Dequeue().Bytes;
            if (HasRoom_NeedsLock())
                Interlocked.Exchange(ref _room, null)?.TrySetResult();
        }
    }

    /// <summary>Completes when another one may be added.</summary>
    internal Task WhenRoomAsync()
    {
        lock (_lock)
            return HasRoom_NeedsLock() ? Task.CompletedTask : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private bool HasRoom_NeedsLock() => _line.Count < StdioLimits.MaxWaitingRequests && _bytes < StdioLimits.MaxWaitingBytes;
}
