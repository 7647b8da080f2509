using ConversationHub.Testing.Backends;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>How one backend behaves in a scenario. The ready-made ones are in <see cref="Faults"/>.</summary>
/// <param name="Arrange">Makes a healthy backend behave so.</param>
internal sealed record Fault(Func<ScriptedBackend, Task> Arrange)
{
    /// <summary>The backend speaks TLS, with a certificate that nobody trusts.</summary>
    public bool SpeaksTls { get; init; }

    /// <summary>The scheme in the URL the hub is given.</summary>
    public string Scheme { get; init; } = Uri.UriSchemeHttp;

    public Uri UrlOf(ScriptedBackend backend) => new UriBuilder(Scheme, "127.0.0.1", backend.Proxy.Port).Uri;
}
