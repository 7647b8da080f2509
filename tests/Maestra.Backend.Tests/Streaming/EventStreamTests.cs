using System.IO.Pipelines;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Http;
using Maestra.Backend.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Maestra.Backend.Tests.Streaming;

/// <summary>The stream before a reader that takes nothing: a pipe that is full after a few bytes.</summary>
public sealed class EventStreamTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Connection _connection = new();
    private readonly EventStream _stream;

    public EventStreamTests()
    {
        _stream = new EventStream(_connection.Open(_time), _time, _time);
        _stream.KeepAlive();
    }

    public void Dispose() => _stream.Dispose();

    [Fact]
    public void Beat_ReaderTakesNothing_IsDroppedAfterItsPatience_T66()
    {
        _stream.Begin();

        _time.Advance(EventStream.ReaderPatience - TimeSpan.FromSeconds(1));
        Assert.False(_connection.IsAborted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(_connection.IsAborted);
        Assert.Empty(_time.Waiting);
    }

    [Fact]
    public async Task Beat_ReaderTakesItLate_GetsWhatWasHeldBackInOnePiece()
    {
        _stream.Begin();
        _stream.Offer("Two ");
        _stream.Offer("rules.");
        Assert.DoesNotContain("delta", await _connection.TakeAsync(), StringComparison.Ordinal);

        _time.Advance(EventStream.HeartbeatInterval);

        Assert.Equal("event: delta\ndata: {\"text\":\"Two rules.\"}\n\n", await _connection.TakeAsync());
        Assert.False(_connection.IsAborted);
    }

    [Fact]
    public void Offer_MoreThanIsHeldBack_DropsTheReaderAndNeverWaits_T66()
    {
        _stream.Begin();
        var piece = new string('x', 1024);

        for (var pieces = 0; pieces <= WireLimits.ReplyBytes / piece.Length; pieces++)
            _stream.Offer(piece);

        Assert.True(_connection.IsAborted);
    }

    [Fact]
    public async Task End_ReaderTakesNothing_IsDroppedAfterItsPatience()
    {
        _stream.Begin();
        var ending = _stream.EndAsync(new HttpReply.Json(200, new byte[100_000]));

        _time.Advance(EventStream.ReaderPatience);
        await ending.WaitAsync(TestTimeouts.Signal);

        Assert.True(_connection.IsAborted);
    }

    [Fact]
    public async Task End_AfterItEnded_NothingMoreIsSent()
    {
        var ending = _stream.EndAsync(new HttpReply.Json(200, "{}"u8.ToArray()));
        var sent = await _connection.TakeAsync();
        await ending;

        _stream.Begin();
        _stream.Offer("late");
        _time.Advance(EventStream.HeartbeatInterval);

        Assert.Equal("event: done\ndata: {}\n\n", sent);
        Assert.False(_connection.HasMore);
    }

    [Theory]
    [InlineData("text/event-stream", true)]
    [InlineData("application/json, text/event-stream;q=0.5", true)]
    [InlineData("TEXT/EVENT-STREAM", true)]
    [InlineData("text/event-stream;q=0", false)]
    [InlineData("application/json", false)]
    [InlineData("*/*", false)]
    [InlineData("", false)]
    [InlineData("text/event-streams", false)]
    public void IsAskedFor_Accept_Decides(string accept, bool expected)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Accept = accept;

        Assert.Equal(expected, EventStream.IsAskedFor(context.Request));
    }

    /// <summary>A connection whose reader takes what is sent only when the test says so.</summary>
    private sealed class Connection : IHttpRequestLifetimeFeature, IHttpResponseBodyFeature
    {
        // All in line: what was taken is known to the writer at once.
        private readonly Pipe _pipe = new(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
            pauseWriterThreshold: 16, resumeWriterThreshold: 1, useSynchronizationContext: false));

        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public bool HasMore => _pipe.Reader.TryRead(out var read) && !read.Buffer.IsEmpty;

        public Stream Stream => _pipe.Writer.AsStream();

        public PipeWriter Writer => _pipe.Writer;

        public void Abort() => IsAborted = true;

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task CompleteAsync() => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public DefaultHttpContext Open(TimeProvider time)
        {
            var context = new DefaultHttpContext();
            context.Features.Set<IHttpResponseBodyFeature>(this);
            context.Features.Set<IHttpRequestLifetimeFeature>(this);
            context.Features.Set(new RequestState { RequestId = RequestId.Parse("r-1"), StartedAt = time.GetTimestamp() });
            return context;
        }

        public async Task<string> TakeAsync()
        {
            var read = await _pipe.Reader.ReadAsync().AsTask().WaitAsync(TestTimeouts.Signal);
            var text = Encoding.UTF8.GetString(read.Buffer);
            _pipe.Reader.AdvanceTo(read.Buffer.End);
            return text;
        }
    }
}
