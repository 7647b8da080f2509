using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>Two WireMock servers in the places of the local and the cloud backend.</summary>
public sealed class TwoWireMocks : IAsyncLifetime
{
    public WireMockServer Local { get; } = new();

    public WireMockServer Cloud { get; } = new();

    public Task InitializeAsync() => Task.WhenAll(Local.InitializeAsync(), Cloud.InitializeAsync());

    /// <summary>Forgets stubs and journals. Both say that they are alive, and nothing else: an answer that a busy machine delays is not taken for silence.</summary>
    public void Reset()
    {
        Reset(Local, "local");
        Reset(Cloud, "cloud");
    }

    public Task DisposeAsync() => Task.WhenAll(Local.DisposeAsync(), Cloud.DisposeAsync());

    private static void Reset(WireMockServer server, string mode)
    {
        var health = MaestraReplies.Health(mode, server.Url.Port);
        health["capabilities"] = new JsonArray();
        server.Reset();
        server.Stub("GET", "/health", 200, health);
    }
}
