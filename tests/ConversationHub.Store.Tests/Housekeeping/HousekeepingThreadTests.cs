using ConversationHub.Store.Housekeeping;

namespace ConversationHub.Store.Tests.Housekeeping;

public sealed class HousekeepingThreadTests
{
    [Fact]
    public async Task Run_WorkWaits_ItIsNoThreadOfThePool()
    {
        using var thread = new HousekeepingThread("test");
        bool? isOfPool = null;
        await thread.RunAsync(() => isOfPool = Thread.CurrentThread.IsThreadPoolThread);

        Assert.Equal(false, isOfPool);
    }

    [Fact]
    public async Task Run_WorkThrows_TheCallerHearsOfItAndTheNextIsDone()
    {
        using var thread = new HousekeepingThread("test");
        await Assert.ThrowsAsync<IOException>(() => thread.RunAsync(static () => throw new IOException("full")));
        var isDone = false;
        await thread.RunAsync(() => isDone = true);

        Assert.True(isDone);
    }

    [Fact]
    public async Task Dispose_WorkWaits_ItIsDoneFirst()
    {
        var thread = new HousekeepingThread("test");
        using var begins = new ManualResetEventSlim();
        var first = thread.RunAsync(begins.Wait);
        var second = thread.RunAsync(static () => { });
        begins.Set();
        thread.Dispose();

        await Task.WhenAll(first, second);
    }
}
