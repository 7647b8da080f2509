namespace ConversationHub.Mcp.Logging;

/// <summary>
/// Lines on their way to standard error. A client may leave that unread (MCP, stdio transport), and a write to a full pipe never
/// returns: nobody who logs waits for it. What does not fit is dropped and counted. Thread-safe.
/// </summary>
internal sealed class StderrQueue(TextWriter stderr)
{
    internal const int MaxLines = 1024;

    private readonly object _gate = new();
    private readonly Queue<Func<string>> _lines = new();
    private int _dropped;
    private bool _isWriting;

    /// <summary>Never waits.</summary>
    /// <param name="line">Made when it is written.</param>
    internal void Add(Func<string> line)
    {
        lock (_gate)
        {
            if (_lines.Count >= MaxLines)
            {
                _dropped++;
                return;
            }

            _lines.Enqueue(line);
            if (_isWriting)
                return;
            _isWriting = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static queue => queue.Write(), this, preferLocal: false);
    }

    /// <summary>Waits until all is written, at most so long.</summary>
    internal void Drain(TimeSpan atMost)
    {
        var until = Environment.TickCount64 + (long)atMost.TotalMilliseconds;
        lock (_gate)
        {
            while (_isWriting && until - Environment.TickCount64 is > 0 and var left)
                Monitor.Wait(_gate, (int)left);
        }
    }

    private void Write()
    {
        while (Next() is { } line)
        {
            try
            {
                stderr.WriteLine(line());
                stderr.Flush();
            }
#pragma warning disable CA1031 // Standard error is closed, or an exception cannot tell itself: one line is lost, and the hub must not end of it on a thread of the pool.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private Func<string>? Next()
    {
        lock (_gate)
        {
            if (_lines.TryDequeue(out var line))
                return line;
            if (_dropped > 0)
            {
                var dropped = _dropped;
                _dropped = 0;
                return () => $"{dropped} log lines were dropped: standard error was not read.";
            }

            _isWriting = false;
            Monitor.PulseAll(_gate);
            return null;
        }
    }
}
