using System.Threading.Channels;

namespace Maestra.Backend.Logging;

/// <summary>
/// Writes lines behind the callers' backs, so that nobody who reads standard error slowly, or not at all, ever holds up an answer.
/// When it is full the newest line is dropped and counted.
/// </summary>
internal sealed class LogQueue : IAsyncDisposable
{
    private const int MaxLines = 8192;
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private readonly Channel<string> _lines;
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Task _writing;
    private long _dropped;

    public LogQueue(TextWriter output, TimeProvider time)
    {
        _output = output;
        _time = time;
        var options = new BoundedChannelOptions(MaxLines) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite };
        _lines = Channel.CreateBounded<string>(options, _ => Interlocked.Increment(ref _dropped));
        _writing = Task.Factory.StartNew(WriteAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    public void Write(string line) => _lines.Writer.TryWrite(line);

    /// <summary>Writes what is left, unless nobody takes it.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Whatever a full disk or a closed pipe does to one line, the next is tried again.</summary>
    private void WriteOrCount(string line)
    {
        var dropped = 0L;
        var lost = 1;
        try
        {
            _output.WriteLine(line);
            lost = 0;
            dropped = Interlocked.Exchange(ref _dropped, 0);
            if (dropped > 0)
                _output.WriteLine($"({dropped} log lines were dropped: nobody read them in time, or they could not be written)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Interlocked.Add(ref _dropped, dropped + lost);
        }
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
            WriteOrCount(line);
    }
}
