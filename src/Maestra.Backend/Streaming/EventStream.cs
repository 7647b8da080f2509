using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConversationHub.Contracts;
using Maestra.Backend.Http;

namespace Maestra.Backend.Streaming;

/// <summary>
/// The streamed reply to one ask (wire.md §2.1): a heartbeat at once and every second, text as it comes, one end.
/// Nothing here waits for the reader while the work goes on: text that it has not taken is held back within a bound, and a reader
/// that takes nothing for a while is dropped.
/// </summary>
/// <remarks>Thread-safe: the timer, the work and the handler all write.</remarks>
internal sealed class EventStream : IDisposable
{
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>A reader that takes nothing of what is sent for this long is dropped.</summary>
    public static readonly TimeSpan ReaderPatience = TimeSpan.FromSeconds(10);

    /// <summary>Text held back for a reader that lags.</summary>
    private const int MaxWaitingCharacters = WireLimits.ReplyBytes;

    /// <summary>The end is written in pieces, each of which the reader must take in time: a slow one gets it all, a dead one does not hold it.</summary>
    private const int EndPieceBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly HttpContext _context;
    private readonly TimeProvider _time;
    private readonly PipeWriter _output;
    private readonly long _startedAt;
    private readonly ITimer _timer;
    private readonly StringBuilder _waiting = new();
    private Task _sending = Task.CompletedTask;
    private long _sendingSince;
    private bool _hasBegun;
    private bool _isClosed;

    /// <param name="heartbeats">Its timers fire whatever the thread pool is busy with.</param>
    public EventStream(HttpContext context, TimeProvider time, TimeProvider heartbeats)
    {
        _context = context;
        _time = time;
        _output = context.Response.BodyWriter;
        _startedAt = RequestState.Of(context).StartedAt;
        _timer = heartbeats.CreateTimer(static stream => ((EventStream)stream!).Beat(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether status and headers are sent: from then on a failure is an event.</summary>
    public bool HasBegun
    {
        get
        {
            lock (_gate)
                return _hasBegun;
        }
    }

    public static bool IsAskedFor(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.Quality is null or > 0
            && accepted.MediaType.Equals(StreamEvents.MediaType, StringComparison.OrdinalIgnoreCase));

    /// <summary>The question is taken in: heartbeats from now on, also while it waits for its turn.</summary>
    public void KeepAlive() => _timer.Change(HeartbeatInterval, HeartbeatInterval);

    /// <summary>The work has begun: the first heartbeat.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (!_hasBegun && !_isClosed)
                SendHeartbeat();
        }
    }

    /// <summary>A piece of the text, as it comes.</summary>
    public void Offer(string text)
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            _waiting.Append(text);
            if (_sending.IsCompleted)
                SendWaiting();
            else if (_waiting.Length > MaxWaitingCharacters)
                Drop();
        }
    }

    /// <summary>The one end. Before anything was sent, a failure is an ordinary response.</summary>
    public async Task EndAsync(HttpReply reply)
    {
        Task sending;
        lock (_gate)
        {
            _timer.Dispose();
            if (_isClosed)
                return;
            _isClosed = true;
            sending = _sending;
            if (_hasBegun || reply is HttpReply.Json)
                WriteHead();
        }

        // From here on nobody else writes.
        if (!_hasBegun || reply is HttpReply.ClientGone)
            await ReplyWriter.WriteAsync(_context, reply);
        else if (!await IsTakenAsync(sending) || !await SendEndAsync(reply))
            _context.Abort();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _timer.Dispose();
            _isClosed = true;
        }
    }

    private void Beat()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            if (!_sending.IsCompleted)
            {
                if (_time.GetElapsedTime(_sendingSince) >= ReaderPatience)
                    Drop();
            }
            else if (_waiting.Length > 0)
            {
                SendWaiting();
            }
            else
            {
                SendHeartbeat();
            }
        }
    }

    private void SendHeartbeat()
    {
        var elapsed = (long)_time.GetElapsedTime(_startedAt).TotalMilliseconds;
        WriteEvent(StreamEvents.Heartbeat, new Heartbeat(elapsed), MaestraJson.Compact.Heartbeat);
        Send();
    }

    private void SendWaiting()
    {
        WriteEvent(StreamEvents.Delta, new TextDelta(_waiting.ToString()), MaestraJson.Compact.TextDelta);
        _waiting.Clear();
        Send();
    }

    private void Send()
    {
        _sendingSince = _time.GetTimestamp();
        _sending = _output.FlushAsync().AsTask();
    }

    private void Drop()
    {
        _isClosed = true;
        _timer.Dispose();
        _context.Abort();
    }

    private async Task<bool> SendEndAsync(HttpReply reply)
    {
        byte[] end = reply switch
        {
            HttpReply.Json done => Event(StreamEvents.Done, done.Body),
            HttpReply.Refused refused => Event(StreamEvents.Error, ReplyWriter.Problem(RequestState.Of(_context), refused, withStatus: true)),
            _ => throw new InvalidOperationException($"{reply.GetType().Name} ends no stream."),
        };
        for (var sent = 0; sent < end.Length; sent += EndPieceBytes)
        {
            var piece = end.AsMemory(sent, Math.Min(EndPieceBytes, end.Length - sent));
            if (!await IsTakenAsync(_output.WriteAsync(piece).AsTask()))
                return false;
        }

        return true;
    }

    /// <summary>Whether the reader takes what is sent, in time.</summary>
    private async Task<bool> IsTakenAsync(Task sending)
    {
        try
        {
            await sending.WaitAsync(ReaderPatience, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void WriteEvent<T>(string name, T data, JsonTypeInfo<T> type)
    {
        WriteHead();
        _output.Write(Event(name, JsonSerializer.SerializeToUtf8Bytes(data, type)));
    }

    private void WriteHead()
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        _context.Response.StatusCode = StatusCodes.Status200OK;
        _context.Response.ContentType = StreamEvents.MediaType;

        // Proxies that buffer a response would hold the heartbeats back; this is how the common ones are told not to.
        _context.Response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>One event; JSON has no bare line ends, so its data is one line.</summary>
    private static byte[] Event(string name, byte[] data) => [.. "event: "u8, .. Encoding.ASCII.GetBytes(name), .. "\ndata: "u8, .. data, .. "\n\n"u8];
}
