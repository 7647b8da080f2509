using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>The addresses of one backend, made once from its base URL.</summary>
internal sealed class TargetEndpoint
{
    public TargetEndpoint(Uri baseUrl)
    {
        BaseUrl = baseUrl;
        Core = Combine(baseUrl, Routes.Core);
        Legacy = Combine(baseUrl, Routes.Advisor);
        Health = Combine(baseUrl, Routes.Health);
    }

    public Uri BaseUrl { get; }

    public Uri Core { get; }

    public Uri Legacy { get; }

    public Uri Health { get; }

    /// <summary>The base URL as it may be shown: without user info and query.</summary>
    public string Shown =>
        BaseUrl.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    public Uri For(AskEndpoint endpoint) => endpoint == AskEndpoint.Core ? Core : Legacy;

    /// <summary>Another path of this backend, with its query.</summary>
    public Uri For(string path) => Combine(BaseUrl, path);

    private static Uri Combine(Uri baseUrl, string path) =>
        new(baseUrl.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') + path);
}
