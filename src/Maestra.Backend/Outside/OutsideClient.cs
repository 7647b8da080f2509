namespace Maestra.Backend.Outside;

/// <summary>The client for addresses that the operator named: sinks, alerts, dependencies. Keeps no cookies and follows no redirect, which could take what is sent elsewhere.</summary>
internal static class OutsideClient
{
    /// <summary>Below the limit of any call, so that it is told what was waited for.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Without a time limit of its own: every call brings one.</summary>
    public static HttpClient Create() => new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = LoopbackDirect.Default,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
        })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Posts JSON and reads no more than the status.</summary>
    /// <returns>Null for 2xx, else why it failed: without address or token.</returns>
    public static async Task<string?> PostAsync(this HttpClient client, Uri url, byte[] json, string? authorization, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new("application/json");
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return $"no answer ({e.HttpRequestError})";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // This is how the client tells that its own time for a connection is over.
            return "no connection in time";
        }
    }
}
