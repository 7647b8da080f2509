using System.Net;

namespace Maestra.Backend.Outside;

/// <summary>
/// The proxy of the environment for all but this machine: .NET would send a call to 127.0.0.1 through <c>HTTP_PROXY</c> too where
/// <c>NO_PROXY</c> does not name it, and with it keys and conversations that were meant to stay here.
/// </summary>
internal sealed class LoopbackDirect(IWebProxy others) : IWebProxy
{
    /// <summary>Over what <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c>, <c>ALL_PROXY</c> and <c>NO_PROXY</c> say.</summary>
    public static readonly LoopbackDirect Default = new(HttpClient.DefaultProxy);

    public ICredentials? Credentials
    {
        get => others.Credentials;
        set => others.Credentials = value;
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : others.GetProxy(destination);

    public bool IsBypassed(Uri host) => host.IsLoopback || others.IsBypassed(host);
}
