using System.Text.Json;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Commands;
using ConversationHub.Mcp.Hosting;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Mcp.Tools;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Mcp.Tests.Commands;

public sealed class ToolCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    /// <summary>Whether anybody read the answer or not: what it told of its conversation is not to be lost with it.</summary>
    [Theory]
    [InlineData(true, ExitCodes.Ended)]
    [InlineData(false, ExitCodes.NotAnswered)]
    public async Task Ask_TheDiskTakesTheMarkSlowly_EndsAfterIt(bool takesOutput, int exitCode)
    {
        var settings = HubRig.DefaultSettings with { Routing = new RoutingOptions { PortFile = _home.Combine("port") } };
        var time = new ManualTimeProvider();
        using var disk = new ManualResetEventSlim();
        var marked = false;
        var kept = new KeptConversations(settings, time, NullLogger<KeptConversations>.Instance)
        {
            WriteMark = (_, _) =>
            {
                disk.Wait(TestTimeouts.Signal);
                marked = true;
            },
        };
        var router = new FakeRouter { OnAsk = static (_, _) => Task.FromResult(FakeRouter.Answered("hi", "secret", """{"meta":{"local_only":true}}""")) };
        await using var services = new ServiceCollection().AddLogging().AddHub(settings).AddSingleton(kept).AddSingleton<IQuestionRouter>(router).BuildServiceProvider();
        using var output = new Output(takesOutput);

        var running = ToolCommand.CallAsync<AskTool>(
            services,
            [KeyValuePair.Create("message", JsonElement.Parse("\"hi\"")), KeyValuePair.Create("conversation_id", JsonElement.Parse("\"secret\""))],
            asJson: false,
            output);
        await output.Written.Task.WaitAsync(TestTimeouts.Signal);

        // The limit of how long it waits for the disk.
        await time.WaitForTimersAsync();
        disk.Set();
        Assert.Equal((exitCode, true), (await running.WaitAsync(TestTimeouts.Signal), marked));
    }

    private sealed class Output(bool takesOutput) : MemoryStream
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.SetResult();
            return takesOutput ? ValueTask.CompletedTask : ValueTask.FromException(new IOException("No space left on device"));
        }
    }
}
