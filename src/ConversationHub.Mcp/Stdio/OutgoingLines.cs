using System.Buffers;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// Lines on their way to standard output. Whoever finds nobody writing writes, and takes along what others leave meanwhile: a busy hub
/// needs one write for many answers, and nobody waits for a turn. Thread-safe.
/// </summary>
/// <param name="output">Written by one thread at a time; a write that nobody reads holds up that thread alone.</param>
/// <param name="failed">Called once, when it cannot be written: nothing is sent from then on.</param>
internal sealed class OutgoingLines(Stream output, Action<Exception> failed)
{
    private readonly Lock _gate = new();
    private ArrayBufferWriter<byte> _next = new();
    private ArrayBufferWriter<byte> _writing = new();
    private int _nextLines;
    private int _writingLines;
    private TaskCompletionSource? _taken;
    private TaskCompletionSource? _idle;
    private bool _isWriting;
    private bool _hasFailed;

    /// <summary>What was sent and is not written yet, because nobody reads it.</summary>
    internal (int Lines, int Bytes) Unwritten
    {
        get
        {
            lock (_gate)
                return (_nextLines + _writingLines, _next.WrittenCount + _writing.WrittenCount);
        }
    }

    /// <summary>Writes a line, or leaves it to who is writing; complete at once unless more than <see cref="StdioLimits.SendAheadBytes"/> wait.</summary>
    /// <param name="mayBeSent">Asked when the line's turn has come: what it says holds for the order on the wire.</param>
    /// <param name="write">Writes the line without its end.</param>
    internal Task SendAsync<T>(T line, Func<T, bool> mayBeSent, Action<IBufferWriter<byte>, T> write)
    {
        lock (_gate)
        {
            if (_hasFailed || !mayBeSent(line))
                return Task.CompletedTask;
            Append_NeedsLock(line, write);
            if (_isWriting)
            {
                return _next.WrittenCount > StdioLimits.SendAheadBytes
                    ? (_taken ??= NewSignal()).Task
                    : Task.CompletedTask;
            }

            _isWriting = true;
        }

        WriteAll();
        return Task.CompletedTask;
    }

    /// <summary>The same for who may not wait for a write, as the one who reads the input: it is always left to another thread.</summary>
    internal void Post<T>(T line, Action<IBufferWriter<byte>, T> write)
    {
        lock (_gate)
        {
            if (_hasFailed)
                return;
            Append_NeedsLock(line, write);
            if (_isWriting)
                return;
            _isWriting = true;
        }

        _ = Task.Run(() =>
        {
            try
            {
                WriteAll();
            }
            catch (Exception bug)
            {
                // Nobody awaits this: without a word the hub would be mute from here on.
                failed(bug);
            }
        });
    }

    /// <summary>Completes with the next write that ends, or begins.</summary>
    internal Task WhenWrittenAsync()
    {
        lock (_gate)
            return (_taken ??= NewSignal()).Task;
    }

    /// <summary>Completes when nothing is left to be written.</summary>
    internal Task WhenIdleAsync()
    {
        lock (_gate)
            return _isWriting ? (_idle ??= NewSignal()).Task : Task.CompletedTask;
    }

    private void Append_NeedsLock<T>(T line, Action<IBufferWriter<byte>, T> write)
    {
        var before = _next.WrittenCount;
        try
        {
            write(_next, line);
            _next.Write("\n"u8);
            _nextLines++;
        }
        catch
        {
            // What a writer that failed has left behind would spoil the next line.
            var kept = _next.WrittenSpan[..before].ToArray();
            _next.ResetWrittenCount();
            _next.Write(kept);
            throw;
        }
    }

    private void WriteAll()
    {
        while (TakeNext() is { } lines)
        {
            try
            {
                output.Write(lines.WrittenSpan);
                output.Flush();
            }
            catch (Exception failure)
            {
                lock (_gate)
                {
                    _hasFailed = true;
                    _isWriting = StandardStreams.IsFailure(failure);
                }

                if (!_isWriting)
                    throw;
                failed(failure);
            }
        }
    }

    private ArrayBufferWriter<byte>? TakeNext()
    {
        lock (_gate)
        {
            Reset(ref _writing, ref _writingLines);
            if (_hasFailed)
                Reset(ref _next, ref _nextLines);
            Interlocked.Exchange(ref _taken, null)?.TrySetResult();
            if (_next.WrittenCount == 0)
            {
                _isWriting = false;
                Interlocked.Exchange(ref _idle, null)?.TrySetResult();
                return null;
            }

            (_next, _writing) = (_writing, _next);
            (_nextLines, _writingLines) = (0, _nextLines);
            return _writing;
        }
    }

    private static void Reset(ref ArrayBufferWriter<byte> buffer, ref int lines)
    {
        lines = 0;
        if (buffer.Capacity > StdioLimits.MaxKeptSendBufferBytes)
            buffer = new ArrayBufferWriter<byte>();
        else
            buffer.ResetWrittenCount();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
