using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Stopping;
using Maestra.Backend.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;

namespace Maestra.Backend.Tests.Stopping;

/// <summary>The graceful stop: not ready at once, running asks finish, new ones are turned away.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task Draining_RunningAskFinishesNewOnesAreTurnedAway()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        var running = backend.AskAsync(TestBackend.Question());
        await held.WaitUntilAskedAsync();
        var drain = backend.Server.Services.GetRequiredService<Drain>();
        var readyBefore = await backend.GetAsync("/health/ready");

        Assert.Equal(1, drain.Begin());
        var idle = drain.WaitAsync(backend.Time);
        var ready = await backend.GetAsync("/health/ready");
        var live = await backend.GetAsync("/health/live");
        var refused = await backend.AskAsync(TestBackend.Question());
        var read = await backend.GetAsync("/conversations");
        Assert.False(idle.IsCompleted);
        held.Release("Done.");
        var reply = await running;
        await idle.WaitAsync(TestTimeouts.Signal);

        Assert.Equal((HttpStatusCode.OK, """{"status":"ready"}"""), (readyBefore.Status, readyBefore.Text));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"draining"}"""), (ready.Status, ready.Text));
        Assert.Equal((HttpStatusCode.OK, """{"status":"live"}"""), (live.Status, live.Text));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "shutting_down"), (refused.Status, refused.Code));
        Assert.Equal((HttpStatusCode.OK, "Done."), (reply.Status, (string?)reply.Json["reply"]));
        Assert.Equal(HttpStatusCode.OK, read.Status);
        Assert.False(drain.Cut.IsCancellationRequested);
    }

    [Fact]
    public async Task Draining_AskRunsTooLong_IsCutWithAPlainError()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        var running = backend.AskAsync(TestBackend.Question());
        await held.WaitUntilAskedAsync();
        var drain = backend.Server.Services.GetRequiredService<Drain>();
        drain.Begin();
        var idle = drain.WaitAsync(backend.Time);

        backend.Time.Advance(Drain.Limit);
        await idle.WaitAsync(TestTimeouts.Signal);
        var reply = await running;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "shutting_down"), (reply.Status, reply.Code));
        await held.WaitUntilCancelledAsync();
    }

    [Fact]
    public async Task Wait_NothingRuns_IsOverAtOnce()
    {
        using var drain = new Drain();
        Assert.True(drain.TryEnter());
        drain.Leave();

        Assert.Equal(0, drain.Begin());
        await drain.WaitAsync(new ManualTimeProvider());

        Assert.False(drain.TryEnter());
        Assert.Equal(0, drain.Begin());
        Assert.False(drain.Cut.IsCancellationRequested);
    }
}
