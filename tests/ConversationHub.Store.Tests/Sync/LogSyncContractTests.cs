using ConversationHub.Contracts;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Sync;

public sealed class LogSyncContractTests : SyncContract
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<StoreOpening> OpenAsync(string backendId) => Task.FromResult(StoreOpener.OpenLog(
        OpenedStore.Options(_folder.Combine(backendId), StoreNamespace.PerUser) with { BackendId = backendId }, Time, new IdSource(Time), NullLogger.Instance));

    /// <summary>
    /// An image that is older than a user's first operation knows nothing of the stream that a peer holds; going on in it would give its numbers
    /// a second content (wire.md §9.5). Seeds 250 and 352 of the simulation found it.
    /// </summary>
    [Fact]
    public async Task Notice_AStreamOfOursThatThisStoreDoesNotKnow_TakesNewOriginsOnce()
    {
        var stream = $"{Local.BackendId}~0123abcd";
        Assert.True((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [stream] = 3 }, CancellationToken.None)).TookNew);
        Time.Advance(TimeSpan.FromHours(1));

        // It says nothing of the streams that were taken since.
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [stream] = 3 }, CancellationToken.None)).TookNew);
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [$"{Local.BackendId}x~0123abcd"] = 3 }, CancellationToken.None)).TookNew);
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [$"{Local.BackendId}~4567cdef"] = 0 }, CancellationToken.None)).TookNew);
    }

    private protected override Task ReleaseAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}
