using System.Net;
using Maestra.Backend.Outside;

namespace Maestra.Backend.Tests.Outside;

/// <summary>What every call to an address of the operator's has in common.</summary>
public sealed class OutsideClientTests
{
    [Theory]
    [InlineData("http://127.0.0.1:11434/v1", null)]
    [InlineData("http://localhost:8080/", null)]
    [InlineData("http://[::1]:8080/", null)]
    [InlineData("https://127.1.2.3/", null)]
    [InlineData("http://10.0.0.5/", "http://proxy.example:3128/")]
    [InlineData("https://api.example/", "http://proxy.example:3128/")]
    public void Proxy_IsForOtherMachinesOnly(string destination, string? expected)
    {
        var proxy = new LoopbackDirect(new WebProxy("http://proxy.example:3128"));

        Assert.Equal(expected, proxy.GetProxy(new Uri(destination))?.AbsoluteUri);
        Assert.Equal(expected is null, proxy.IsBypassed(new Uri(destination)));
    }

    /// <summary>This is what the client throws when its own time for a connection ends before that of the call.</summary>
    [Fact]
    public async Task Post_NoConnectionInTime_IsAFailureOfTheCall()
    {
        using var client = new HttpClient(new Handler(static () => throw new TaskCanceledException("", new TimeoutException())));

        Assert.Equal("no connection in time", await client.PostAsync(new Uri("http://sink.example/"), [], null, CancellationToken.None));
    }

    [Fact]
    public async Task Post_CallerGivesUp_IsItsCancellation()
    {
        using var client = new HttpClient(new Handler(static () => new HttpResponseMessage()));
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PostAsync(new Uri("http://sink.example/"), [], null, stop.Token));
    }

    private sealed class Handler(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(answer());
        }
    }
}
