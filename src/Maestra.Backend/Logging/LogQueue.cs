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

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            _output.WriteLine(line);
            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                _output.WriteLine($"({dropped} log lines were dropped: nobody read them in time)");
        }
    }
}
