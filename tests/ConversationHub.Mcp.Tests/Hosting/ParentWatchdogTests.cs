using ConversationHub.Mcp.Hosting;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Tests.Hosting;

public sealed class ParentWatchdogTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4711)]
    public async Task Run_ParentChanges_StopsWithinOneInterval(int adopter)
    {
        var (clock, lifetime, parent) = (new ManualTimeProvider(), new FakeLifetime(), 1);
        using var logs = new CapturingLoggerFactory();
        using var watchdog = new ParentWatchdog(() => parent == 1 ? 42 : adopter, clock, lifetime, logs.CreateLogger<ParentWatchdog>());
        await watchdog.StartAsync(CancellationToken.None);
        await clock.WaitForTimersAsync();
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.False(lifetime.Stopped.Task.IsCompleted);

        parent = 2;
        clock.Advance(TimeSpan.FromMilliseconds(ParentWatchdog.IntervalMilliseconds));
        await lifetime.Stopped.Task.WaitAsync(TestTimeouts.Signal);
        await watchdog.StopAsync(CancellationToken.None);
    }

    private sealed class FakeLifetime : IHostApplicationLifetime
    {
        public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => CancellationToken.None;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => Stopped.TrySetResult();
    }
}
