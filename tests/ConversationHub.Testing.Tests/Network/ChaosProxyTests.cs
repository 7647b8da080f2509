using System.Net;
using System.Net.Sockets;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;

namespace ConversationHub.Testing.Tests.Network;

public sealed class ChaosProxyTests : IAsyncLifetime
{
    private static readonly CannedResponse Ten = CannedResponse.Text(200, "0123456789");

    private readonly ChaosProxy _proxy = ChaosProxy.Start();
    private readonly HttpClient _client = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
        Assert.Empty(_proxy.Faults);
    }

    [Fact]
    public async Task Respond_TwoRequests_KeepsTheConnectionAndRecordsBoth()
    {
        _proxy.Behaviour = Chaos.Respond(CannedResponse.Text(429, "wait", headers: ("Retry-After", "7")));

        using var first = await _client.PostAsync(new Uri(_proxy.Url, "/a?b=c"), new StringContent("héllo"));
        using var second = await _client.GetAsync(new Uri(_proxy.Url, "/d"));

        Assert.Equal(HttpStatusCode.TooManyRequests, first.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), first.Headers.RetryAfter!.Delta);
        Assert.Equal("wait", await first.Content.ReadAsStringAsync());
        Assert.Equal([("POST", "/a?b=c", "héllo"), ("GET", "/d", "")], _proxy.Requests.Select(request => (request.Method, request.Target, request.Text)));
        Assert.Equal(1, _proxy.Connections);
        Assert.Equal("/a", _proxy.Requests[0].Path);
        Assert.Equal("text/plain; charset=utf-8", _proxy.Requests[0].Header("content-type"));
    }

    [Fact]
    public async Task RefuseAsync_ThenListenAsync_IsTheSamePort()
    {
        await _proxy.RefuseAsync();
        var refused = await Assert.ThrowsAsync<HttpRequestException>(Get);
        await _proxy.ListenAsync();
        using var served = await Get();

        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(refused.InnerException).SocketErrorCode);
        Assert.Equal(HttpStatusCode.NotFound, served.StatusCode);
    }

    [Fact]
    public async Task RefuseAsync_WithARequestOpen_ResetsIt()
    {
        _proxy.Behaviour = Chaos.StallBeforeHeaders;
        var open = Get();
        await _proxy.RequestAsync(1);

        await _proxy.RefuseAsync();

        Assert.Equal(SocketError.ConnectionReset, SocketErrorOf(await Assert.ThrowsAsync<HttpRequestException>(() => open)));
    }

    [Fact]
    public async Task HangConnectsAsync_Connect_TimesOut()
    {
        using var hasty = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromMilliseconds(250) });
        await _proxy.HangConnectsAsync();

        var hung = await Assert.ThrowsAsync<TaskCanceledException>(() => hasty.GetAsync(_proxy.Url));

        Assert.IsType<TimeoutException>(hung.InnerException);
        Assert.Equal(0, _proxy.Connections);
    }

    [Fact]
    public async Task ResetBeforeRead_AnyRequest_IsNotRecorded()
    {
        _proxy.Behaviour = Chaos.ResetBeforeRead;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(Get);

        Assert.Equal(SocketError.ConnectionReset, SocketErrorOf(failure));
        Assert.Empty(_proxy.Requests);
        Assert.Equal(1, _proxy.Connections);
    }

    [Fact]
    public async Task ResetAfterRead_AnyRequest_IsRecorded()
    {
        _proxy.Behaviour = Chaos.ResetAfterRead;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(Get);

        Assert.Equal(SocketError.ConnectionReset, SocketErrorOf(failure));
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public async Task CloseAfterRead_AnyRequest_EndsEarly()
    {
        _proxy.Behaviour = Chaos.CloseAfterRead;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(Get);

        Assert.Equal(HttpRequestError.ResponseEnded, failure.HttpRequestError);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Truncate_HalfABody_FailsWhileTheBodyIsRead(bool reset)
    {
        _proxy.Behaviour = Chaos.Truncate(Ten, bodyBytes: 5, reset);

        using var headers = await _client.GetAsync(_proxy.Url, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, headers.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => headers.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Garbage_AnyRequest_IsNotHttp()
    {
        _proxy.Behaviour = Chaos.Garbage();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(Get);

        Assert.Equal(HttpRequestError.InvalidResponse, failure.HttpRequestError);
    }

    [Fact]
    public async Task Garbage_ToATlsClient_IsASecureConnectionError()
    {
        _proxy.Behaviour = Chaos.Garbage();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync(new Uri($"https://127.0.0.1:{_proxy.Port}")));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task Start_WithACertificateNobodyTrusts_IsASecureConnectionError()
    {
        using var certificate = SelfSignedCertificate.Create();
        await using var secured = ChaosProxy.Start(Chaos.Respond(Ten), certificate);
        using var trusting = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => certificate.Equals(shown) },
        });

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync(secured.Url));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Equal("0123456789", await trusting.GetStringAsync(secured.Url));
    }

    [Fact]
    public async Task Blackhole_WhenTheClientLeaves_SaysSo() => await LeaveAsync(Chaos.Blackhole, requests: 0);

    [Fact]
    public async Task StallBeforeHeaders_WhenTheClientLeaves_SaysSo() => await LeaveAsync(Chaos.StallBeforeHeaders, requests: 1);

    [Fact]
    public async Task StallAfterHeaders_WhenTheClientLeaves_SaysSo() => await LeaveAsync(Chaos.StallAfterHeaders(Ten, bodyBytes: 3), requests: 1);

    [Fact]
    public async Task RespondWhen_WhenTheClientLeaves_SaysSo() =>
        await LeaveAsync(Chaos.RespondWhen(new TaskCompletionSource().Task, Ten), requests: 1);

    [Fact]
    public async Task RespondWhen_OnceReleased_Answers()
    {
        var released = new TaskCompletionSource();
        _proxy.Behaviour = Chaos.RespondWhen(released.Task, Ten);
        var asking = _client.GetStringAsync(_proxy.Url);
        await _proxy.RequestAsync(1);
        Assert.False(asking.IsCompleted);

        released.SetResult();

        Assert.Equal("0123456789", await asking);
    }

    [Fact]
    public async Task Drip_ByteByByte_NeedsItsTime()
    {
        var time = new ManualTimeProvider();
        _proxy.Behaviour = Chaos.Drip(Ten, TimeSpan.FromSeconds(1), time);
        var asking = _client.GetStringAsync(_proxy.Url);
        for (var sent = 0; sent < 10; sent++)
        {
            await time.WaitForTimersAsync();
            Assert.False(asking.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("0123456789", await asking);
    }

    [Fact]
    public async Task PassThrough_ToAnUpstream_CarriesRequestAndReply()
    {
        await using var upstream = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(201, "made", headers: ("Connection", "close"))));
        upstream.Behaviour = Closing(upstream.Behaviour);
        _proxy.Behaviour = Chaos.PassThrough(upstream.Url);

        using var reply = await _client.PostAsync(new Uri(_proxy.Url, "/x"), new StringContent("body"));

        Assert.Equal(HttpStatusCode.Created, reply.StatusCode);
        Assert.Equal("made", await reply.Content.ReadAsStringAsync());
        Assert.Equal(("POST", "/x", "body"), (upstream.Requests[0].Method, upstream.Requests[0].Target, upstream.Requests[0].Text));
    }

    [Fact]
    public async Task PassThroughThenReset_ToAnUpstream_RanThereAndIsLost()
    {
        await using var upstream = ChaosProxy.Start(Closing(Chaos.Respond(Ten)));
        _proxy.Behaviour = Chaos.PassThroughThenReset(upstream.Url);

        await Assert.ThrowsAsync<HttpRequestException>(Get);

        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Next_SeveralQueued_AreUsedInOrderThenTheDefault()
    {
        _proxy.Behaviour = Chaos.Respond(CannedResponse.Text(200, "default"));
        _proxy.Next(Chaos.ResetBeforeRead, Chaos.Respond(CannedResponse.Text(503, "busy")));

        await Assert.ThrowsAsync<HttpRequestException>(Get);
        using var second = await Get();
        using var third = await Get();

        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK], [second.StatusCode, third.StatusCode]);
    }

    // What a server does that is asked for "Connection: close".
    private static ChaosBehaviour Closing(ChaosBehaviour answer) => new("Closing", ReadsRequest: true, async (exchange, stop) =>
    {
        await answer.RunAsync(exchange, stop);
        exchange.Close();
    });

    private static SocketError? SocketErrorOf(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
                return socket.SocketErrorCode;
        }

        return null;
    }

    private Task<HttpResponseMessage> Get() => _client.GetAsync(_proxy.Url);

    private async Task LeaveAsync(ChaosBehaviour behaviour, int requests)
    {
        _proxy.Behaviour = behaviour;
        using var leave = new CancellationTokenSource();
        var asking = _client.GetAsync(_proxy.Url, leave.Token);
        if (requests > 0)
            await _proxy.RequestAsync(requests);
        else
            await _proxy.ConnectionAsync(1);
        Assert.Equal(0, _proxy.ClosedByClient);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await _proxy.ClosedByClientAsync();
        Assert.Equal(requests, _proxy.Requests.Count);
    }
}
