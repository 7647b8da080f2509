using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.Testing.Tests.WireMock;

/// <summary>The fixture itself, seen through a bare client and, where a fault is the answer, through a bare socket.</summary>
public sealed class WireMockServerTests : IClassFixture<WireMockServer>
{
    private readonly WireMockServer _server;

    public WireMockServerTests(WireMockServer server)
    {
        _server = server;
        _server.Reset();
    }

    [Fact]
    public async Task Stub_ThenACall_AnswersAndRemembers()
    {
        _server.Stub("POST", "/core", 429, new JsonObject { ["code"] = "rate_limited" }, ("Retry-After", "7"));
        using var client = Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server.Url, "/core?x=1&y=%C3%A9")) { Content = new StringContent("""{"message":"hé"}""") };
        request.Headers.Add("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293");

        using var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("7", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("""{"code":"rate_limited"}""", await response.Content.ReadAsStringAsync());
        var seen = Assert.Single(_server.Requests);
        Assert.Equal(("POST", "/core?x=1&y=%C3%A9", "hé"), (seen.Method, seen.Url, seen.Json["message"]!.GetValue<string>()));
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", seen.Headers["idempotency-key"]);
    }

    [Fact]
    public async Task Stub_OfTheSamePath_TakesThePlaceOfTheFormerAndOfItsFault()
    {
        using var client = Client();
        _server.StubFault("GET", "/health", WireMockFault.EmptyResponse);
        _server.StubText("GET", "/health", 500, "first", "text/plain");
        _server.StubText("GET", "/health", 200, "second", "text/plain");

        Assert.Equal("second", await client.GetStringAsync(new Uri(_server.Url, "/health")));
    }

    [Fact]
    public async Task Reset_Always_ForgetsStubsFaultsAndJournal()
    {
        using var client = Client();
        _server.StubFault("GET", "/health", WireMockFault.ConnectionReset);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(_server.Url, "/health")));

        _server.Reset();

        Assert.Empty(_server.Requests);
        using var response = await client.GetAsync(new Uri(_server.Url, "/health"));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task StubSilence_ThenACall_IsInTheJournalAndGetsNoAnswer()
    {
        _server.StubSilence("GET", "/health");
        using var client = Client();
        using var patience = new CancellationTokenSource();

        var asking = client.GetAsync(new Uri(_server.Url, "/health"), patience.Token);
        await _server.RequestAsync(1);

        Assert.False(asking.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task StubDripping_ThenACall_GivesTheWholeBodyInPieces()
    {
        _server.StubDripping("GET", "/slow", new JsonObject { ["text"] = "0123456789" }, parts: 7, TimeSpan.FromMilliseconds(35));
        using var client = Client();

        var raw = await RawAsync("/slow");

        Assert.EndsWith("\r\n\r\n3\r\n{\"t\r\n3\r\next\r\n3\r\n\":\"\r\n3\r\n012\r\n3\r\n345\r\n3\r\n678\r\n3\r\n9\"}\r\n0\r\n\r\n", raw, StringComparison.Ordinal);
        Assert.Equal("""{"text":"0123456789"}""", await client.GetStringAsync(new Uri(_server.Url, "/slow")));
    }

    [Theory]
    [InlineData(WireMockFault.EmptyResponse, "")]
    [InlineData(WireMockFault.MalformedChunk, "HTTP/1.1 200 OK\r\n")]
    [InlineData(WireMockFault.RandomDataThenClose, "")]
    public async Task StubFault_ThenACall_ClosesTheConnectionAsItsNameSays(WireMockFault fault, string begins)
    {
        _server.StubFault("GET", "/health", fault);

        var raw = await RawAsync("/health");

        Assert.StartsWith(begins, raw, StringComparison.Ordinal);
        Assert.Equal(fault == WireMockFault.EmptyResponse, raw.Length == 0);
        Assert.Equal(fault == WireMockFault.MalformedChunk, raw.Contains("HTTP/1.1", StringComparison.Ordinal));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task StubFault_ConnectionReset_IsAReset()
    {
        _server.StubFault("GET", "/health", WireMockFault.ConnectionReset);

        var broken = await Assert.ThrowsAnyAsync<SocketException>(() => RawAsync("/health"));

        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
        Assert.Single(_server.Requests);
    }

    private static HttpClient Client() => new() { Timeout = TestTimeouts.Signal };

    /// <summary>Everything that comes until the connection ends.</summary>
    private async Task<string> RawAsync(string path)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", _server.Url.Port, patience.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"), patience.Token);
        var buffer = new byte[4096];
        var text = new StringBuilder();
        for (var read = 1; read > 0;)
        {
            read = await socket.ReceiveAsync(buffer, patience.Token);
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return text.ToString();
    }
}
