using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Contract;

public sealed class LogStoreContractTests : StoreContract
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<StoreOpening> OpenAsync() => Task.FromResult(StoreOpener.OpenLog(
        OpenedStore.Options(_folder.Combine("hub"), StoreNamespace.PerUser), Time, Ids, NullLogger.Instance));

    private protected override Task ReleaseAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}
