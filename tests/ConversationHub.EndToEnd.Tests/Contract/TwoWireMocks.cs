using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>Two WireMock servers in the places of the local and the cloud backend.</summary>
public sealed class TwoWireMocks : IAsyncLifetime
{
    public WireMockServer Local { get; } = new();

    public WireMockServer Cloud { get; } = new();

    public Task InitializeAsync() => Task.WhenAll(Local.InitializeAsync(), Cloud.InitializeAsync());

    /// <summary>Forgets stubs and journals.</summary>
    public Task ResetAsync() => Task.WhenAll(Local.ResetAsync(), Cloud.ResetAsync());

    public Task DisposeAsync() => Task.WhenAll(Local.DisposeAsync(), Cloud.DisposeAsync());
}
