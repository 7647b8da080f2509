using ConversationHub.Contracts;
using Maestra.Backend.Advisors;
using Maestra.Backend.Outside;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>The way out to a provider: bounded, never redirected, and telling it nothing but the call.</summary>
internal static class ProviderHttp
{
    /// <summary>A body larger than any stored reply, with its envelope and escapes, is no answer.</summary>
    private const int MaxResponseBytes = 8 * WireLimits.ReplyBytes;

    /// <summary>Of a stream each token may be an event of its own, of which the text is the smallest part.</summary>
    private const int StreamedTokenBytes = 1024;

    public static HttpMessageHandler CreateHandler(ProviderSettings settings) => new BoundedResponseHandler(
        MaxResponseBytes, MaxResponseBytes + (long)settings.MaxOutputTokens * StreamedTokenBytes, new SocketsHttpHandler
        {
            // A redirect could carry key and question to a host that nobody chose.
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = LoopbackDirect.Default,

            // A stream that is given up is cut at once: reading on for the connection's sake would keep the model at work.
            ResponseDrainTimeout = TimeSpan.Zero,

            // The trace of the caller is none of the provider's business (wire.md §1.3).
            ActivityHeadersPropagator = null,
        });

    /// <summary>The caller's deadline is the only limit: it comes with the cancellation.</summary>
    public static HttpClient CreateClient(HttpMessageHandler handler) => new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>What the network did. Before a connection there is nobody who could have worked.</summary>
    public static ModelOutcome.Failed Broken(Exception error) => new(
        error is HttpRequestException { HttpRequestError: var kind and not HttpRequestError.Unknown } ? $"{error.GetType().Name} {kind}" : error.GetType().Name,
        MayHaveRun: error is not HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                or HttpRequestError.ProxyTunnelError,
        });
}
