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
        receiver.StubText("POST", Path, 200, "{\"text\":\"Success\",\"code\":0}", "application/json");
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
        receiver.StubText("POST", Path, 200, "{\"text\":\"Success\",\"code\":0}", "application/json");

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
                receiver.StubSilence("POST", Path);
                break;
            default:
                receiver.StubText("POST", Path, int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "no", "text/plain", ("Location", "/elsewhere"));
                break;
        }
    }

    /// <summary>Moves the clock over pauses and limits of tries, for as long as it is not so.</summary>
    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        for (var asked = receiver.Requests.Count; !isSo(); asked = receiver.Requests.Count)
        {
            await Task.Delay(5, limit.Token);

            // Only when the request of this try is there may its time run out.
            if (receiver.Requests.Count == asked && _time.Waiting.Count > 0)
                _time.Advance(AuditQueue.PauseBetweenTries);
        }
    }
}
