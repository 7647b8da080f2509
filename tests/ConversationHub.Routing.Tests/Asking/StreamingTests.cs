using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Asking;

/// <summary>Replies as event streams (wire.md §2.1), where <c>/health</c> says that the backend can.</summary>
public sealed class StreamingTests : IAsyncLifetime
{
    private readonly RouterUnderTest _hub = new();

    private static string Done => $"event: done\ndata: {MaestraReplies.Envelope("Two rules.", "main").ToJsonString()}\n\n";

    [Fact]
    public async Task AskAsync_StreamAdvertised_TakesDoneForTheAnswerAndTellsTheText()
    {
        var texts = new List<string>();
        _hub.Local.Next(Stream("event: heartbeat\ndata: {\"elapsed_ms\":0}\n\nevent: delta\ndata: {\"text\":\"Two \"}\n\nevent: delta\ndata: {\"text\":\"rules.\"}\n\nevent: later\ndata: x\n\n" + Done));

        var result = await _hub.AskAsync(_hub.NewQuestion() with { Progress = new Texts(texts) });

        Assert.Equal("Two rules.", result.Reply!.Answer);
        Assert.Equal(["Two ", "rules."], texts);
        Assert.Equal("text/event-stream", Assert.Single(_hub.Local.Asks.Snapshot()).Header("Accept"));
    }

    /// <summary>Who looked for the backend has read what it can do: one health request and one question, and that is streamed.</summary>
    [Fact]
    public async Task AskAsync_FirstQuestionAtABackendThatWasLookedFor_IsStreamed()
    {
        using var home = new TemporaryFolder();
        var portFile = home.Combine("port");
        await using var hub = new RouterUnderTest(options => options with { LocalUrl = null, PortFile = portFile });
        hub.Local.OnHealth = _hub.Local.OnHealth;
        await File.WriteAllTextAsync(portFile, $"{hub.Local.Proxy.Port}\n");
        hub.Local.Next(Stream(Done));

        var result = await hub.AskAsync();

        Assert.Equal(TargetName.Local, result.ServedBy);
        Assert.Equal("text/event-stream", Assert.Single(hub.Local.Asks.Snapshot()).Header("Accept"));
        Assert.Single(hub.Local.Probes.Snapshot());
    }

    /// <summary>A media type ignores case (RFC 9110 §8.3.1).</summary>
    [Fact]
    public async Task AskAsync_StreamOfAMediaTypeInOtherLetters_IsRead()
    {
        _hub.Local.Next(new CannedResponse(200, Encoding.UTF8.GetBytes(Done), ("Content-Type", "Text/Event-Stream")));

        Assert.Equal(TargetName.Local, (await _hub.AskAsync()).ServedBy);
    }

    [Fact]
    public async Task AskAsync_StreamNotAdvertised_IsNotAskedFor()
    {
        await using var hub = new RouterUnderTest();
        await hub.Health.ReadAsync(refresh: true, CancellationToken.None);

        await hub.AskAsync();

        Assert.Null(Assert.Single(hub.Local.Asks.Snapshot()).Header("Accept"));
    }

    /// <summary>T66: a cut stream is a failure that may have run.</summary>
    [Theory]
    [InlineData("event: heartbeat\ndata: {}\n\n", "truncated", true)]
    [InlineData("event: done\ndata: {\"reply\":\"no end of the event", "truncated", true)]
    [InlineData("event: done\ndata: {\"reply\":\n\n", "malformed", true)]
    [InlineData("event: error\ndata: {\"status\":502,\"detail\":\"The model provider failed\",\"code\":\"provider_failed\"}\n\n", "http_status", false)]
    [InlineData("event: error\ndata: {\"detail\":\"no status\"}\n\n", "malformed", true)]
    public async Task AskAsync_StreamEndsBadly_CloudAnswers(string events, string outcome, bool mayHaveRun)
    {
        _hub.Local.Next(Stream(events));

        var result = await _hub.AskAsync();

        Assert.Equal((outcome, mayHaveRun), (result.Attempts[0].Outcome.ToWire(), result.MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
    }

    [Fact]
    public async Task AskAsync_StreamSaysConflict_IsFinal()
    {
        _hub.Local.Next(Stream("event: error\ndata: {\"status\":410,\"detail\":\"Conversation was erased; use a new conversation_id\",\"code\":\"conversation_erased\"}\n\n"));

        var result = await _hub.AskAsync();

        Assert.Equal("conversation_erased", result.Error!.Code);
        Assert.Empty(_hub.Cloud.Asks.Snapshot());
    }

    /// <summary>The headers are sent by then: the problem carries what Retry-After would say, and it is kept to.</summary>
    [Fact]
    public async Task AskAsync_StreamSaysWhenToComeBack_TheTargetIsLeftAloneForSoLong()
    {
        _hub.Local.Next(Stream("event: error\ndata: {\"status\":503,\"detail\":\"Too busy\",\"code\":\"overloaded\",\"retry_after\":60}\n\n"));

        var first = await _hub.AskAsync();
        var second = await _hub.AskAsync();

        Assert.Equal(("overloaded", TargetName.Cloud), (first.Attempts[0].Code, first.ServedBy));
        Assert.Equal(AttemptOutcome.SkippedOpen, second.Attempts[0].Outcome);
    }

    /// <summary>Heartbeats that stop tell of the work itself: a healthy <c>/health</c> does not outweigh them.</summary>
    [Fact]
    public async Task AskAsync_HeartbeatsStop_IsStalledAlthoughHealthAnswers()
    {
        const string Heartbeat = "event: heartbeat\ndata: {}\n\n";
        _hub.Local.Next(Chaos.StallAfterHeaders(Stream(Heartbeat + Done), Heartbeat.Length));

        var result = await _hub.AskAsync();

        Assert.Equal((AttemptOutcome.Stalled, true), (result.Attempts[0].Outcome, result.MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
    }

    /// <summary>Neither an event that never ends nor events without an end.</summary>
    [Theory]
    [InlineData("data: endless ")]
    [InlineData("event: delta\ndata: {\"text\":\"a word\"}\n\n")]
    public async Task ReadAsync_StreamBeyondTheLimit_IsMalformed(string piece)
    {
        using var endless = new CountingStream(new RepeatedText(piece, times: 100_000_000, end: ""));

        var result = await EventStreamReply.ReadAsync(endless, AskEndpoint.Core, new Unheeded(), onText: null, CancellationToken.None);

        Assert.Equal(AttemptOutcome.Malformed, result.Outcome);
    }

    /// <summary>Sent word by word, a reply within the limit is far beyond it on the wire.</summary>
    [Fact]
    public async Task ReadAsync_PreviewsBeyondTheLimitOfOneReply_AreNoFault()
    {
        const string Piece = "event: delta\ndata: {\"text\":\"a word\"}\n\n";
        using var many = new CountingStream(new RepeatedText(Piece, (WireLimits.ResponseBodyBytes / Piece.Length) + 1, Done));

        var result = await EventStreamReply.ReadAsync(many, AskEndpoint.Core, new Unheeded(), onText: null, CancellationToken.None);

        Assert.Equal(AttemptOutcome.Answered, result.Outcome);
    }

    public async Task InitializeAsync()
    {
        var health = MaestraReplies.Health("local", 8825);
        health["capabilities"] = new JsonArray("idempotency", "stream");
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, health));
        await _hub.Health.ReadAsync(refresh: true, CancellationToken.None);
    }

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    private static CannedResponse Stream(string events) => new(200, Encoding.UTF8.GetBytes(events), ("Content-Type", "text/event-stream"));

    private sealed class Texts(List<string> texts) : IProgress<RoutingProgress>
    {
        public void Report(RoutingProgress value)
        {
            if (value.NewText is { } text)
                texts.Add(text);
        }
    }

    private sealed class Unheeded : IReplySigns
    {
        public void Sending()
        {
            // Nobody watches.
        }

        public void Piece()
        {
            // Nobody watches.
        }

        public void Sign()
        {
            // Nobody watches.
        }
    }

    /// <summary>The same text many times over, then something else.</summary>
    private sealed class RepeatedText(string piece, int times, string end) : MemoryStream
    {
        private readonly byte[] _piece = Encoding.UTF8.GetBytes(piece);
        private readonly byte[] _end = Encoding.UTF8.GetBytes(end);
        private ReadOnlyMemory<byte> _now;
        private int _left = times + 1;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var length = 0;
            while (length < buffer.Length && (_now.Length > 0 || _left > 0))
            {
                if (_now.IsEmpty)
                    _now = --_left > 0 ? _piece : _end;
                var some = Math.Min(_now.Length, buffer.Length - length);
                _now[..some].CopyTo(buffer[length..]);
                (_now, length) = (_now[some..], length + some);
            }

            return new ValueTask<int>(length);
        }
    }
}
