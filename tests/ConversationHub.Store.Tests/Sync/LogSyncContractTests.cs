using ConversationHub.Contracts;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Sync;

public sealed class LogSyncContractTests : SyncContract
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<StoreOpening> OpenAsync(string backendId) => Task.FromResult(StoreOpener.OpenLog(
        OpenedStore.Options(_folder.Combine(backendId), StoreNamespace.PerUser) with { BackendId = backendId }, Time, new IdSource(Time), NullLogger.Instance));

    private protected override Task ReleaseAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}
