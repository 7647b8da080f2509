using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using ConversationHub.Testing.WireMock;
using Maestra.Backend.Audit;
using Maestra.Backend.Metrics;
using Maestra.Backend.Outside;

namespace Maestra.Backend.Tests.Audit;

/// <summary>The sinks that go over the network, behind their queue, against receivers with faults (T52).</summary>
public sealed class SinkFaultTests(WireMockServer receiver) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Path = "/audit";
    private const string Token = "token-of-splunk";

    private readonly ManualTimeProvider _time = new();
    private readonly BackendMeter _meter = new();
    private readonly CapturingLogger _logger = new();

    // Counts of requests: up to which they get no answer, and up to which their tries were given up.
    private int _silentUntil;
    private int _givenUp;

    public static TheoryData<string, string> Faults
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var sink in (string[])["webhook", "splunk"])
            {
                foreach (var fault in (string[])["reset", "empty", "garbage", "silence", "500", "403", "302"])
                    rows.Add(sink, fault);
            }

            return rows;
        }
    }

    public Task InitializeAsync()
    {
        receiver.Reset();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _meter.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Three tries, then that record is dropped and counted; and once the receiver is well, what comes next arrives.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Deliver_ReceiverIsFaulty_IsTriedThriceCountedAndGoesOn_T52(string sink, string fault)
    {
        Break(fault);
        await using var queue = new AuditQueue(Sink(sink), 1, _meter, _time, _logger);

        queue.Offer(Record(1));
        await UntilAsync(() => queue.Dropped == 1);

        Assert.True(queue.IsDropping);
        Assert.Equal(AuditQueue.MaxTries, receiver.Requests.Count);
        Assert.All(receiver.Requests, static request => Assert.Equal(Path, request.Url));
        Mend();
        queue.Offer(Record(2));
        var arrived = await receiver.RequestAsync(AuditQueue.MaxTries + 1);
        Assert.Contains("\"seq\":2", arrived.Body, StringComparison.Ordinal);
        Assert.Equal(1, queue.Dropped);
        Assert.DoesNotContain(_logger.Records.Snapshot(), record => record.Message.Contains(Token, StringComparison.Ordinal) || record.Message.Contains(Path, StringComparison.Ordinal));
    }

    /// <summary>A fault that passes costs no record.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Deliver_ReceiverIsWellAtTheNextTry_LosesNothing_T52(string sink, string fault)
    {
        Break(fault);
        await using var queue = new AuditQueue(Sink(sink), 1, _meter, _time, _logger);
        queue.Offer(Record(1));
        await receiver.RequestAsync(1);
        Mend();

        // The client may repeat a request by itself when a connection ends without a word, so that two may be one try.
        await UntilAsync(() => receiver.Requests.Count >= 2);
        queue.Offer(Record(2));

        await UntilAsync(() => receiver.Requests.Any(static request => request.Body.Contains("\"seq\":2", StringComparison.Ordinal)));
        Assert.Equal(0, queue.Dropped);
    }

    private IAuditSink Sink(string name)
    {
        var url = new Uri(receiver.Url, Path);
        return name == "webhook" ? new WebhookSink(OutsideClient.Create(), url) : new SplunkSink(OutsideClient.Create(), url, Token, "host");
    }

    private static AuditRecord Record(long seq) =>
        AuditRecord.Make("c", seq, new ManualTimeProvider().GetUtcNow(), new AuditEvent("startup", "ok", "system", "s"), AuditRecord.NoHash);

    private void Break(string fault)
    {
        switch (fault)
        {
            case "reset":
                receiver.StubFault("POST", Path, WireMockFault.ConnectionReset);
                break;
            case "empty":
                receiver.StubFault("POST", Path, WireMockFault.EmptyResponse);
                break;
            case "garbage":
                receiver.StubFault("POST", Path, WireMockFault.RandomDataThenClose);
                break;
            case "silence":
                _silentUntil = int.MaxValue;
                receiver.StubSilence("POST", Path);
                break;
            default:
                receiver.StubText("POST", Path, int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "no", "text/plain", ("Location", "/elsewhere"));
                break;
        }
    }

    private void Mend()
    {
        receiver.StubText("POST", Path, 200, "{\"text\":\"Success\",\"code\":0}", "application/json");
        _silentUntil = Math.Min(_silentUntil, receiver.Requests.Count);
    }

    /// <summary>
    /// Moves the clock over each pause between tries, and over the limit of a try that stays without an answer once its request is there: on a busy
    /// machine one that is still on its way would be given up.
    /// </summary>
    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!isSo())
        {
            await Task.Delay(5, limit.Token);
            if (_time.Waiting is not [var due, ..])
                continue;
            if (due != AuditQueue.PauseBetweenTries)
            {
                var arrived = receiver.Requests.Count;
                if (arrived <= _givenUp || arrived > _silentUntil)
                    continue;
                _givenUp = arrived;
            }

            _time.Advance(due);
        }
    }
}
