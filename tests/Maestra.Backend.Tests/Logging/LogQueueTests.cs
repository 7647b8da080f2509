using ConversationHub.Testing;
using Maestra.Backend.Logging;

namespace Maestra.Backend.Tests.Logging;

public sealed class LogQueueTests
{
    [Fact]
    public async Task Dispose_LinesAreLeft_WritesThemInOrder()
    {
        await using var output = new StringWriter();
        await using (var queue = new LogQueue(output, TimeProvider.System))
        {
            for (var i = 0; i < 100; i++)
                queue.Write($"line {i}");
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"line {i}"), output.ToString().TrimEnd().Split(Environment.NewLine));
    }

    [Fact]
    public async Task Write_NobodyReads_NeverWaitsAndTellsWhatWasDropped()
    {
        using var output = new BlockedWriter();
        await using var queue = new LogQueue(output, TimeProvider.System);
        queue.Write("first");
        Assert.True(output.Blocked.Wait(TestTimeouts.Signal));

        for (var i = 0; i < 10_000; i++)
            queue.Write("more");
        output.GoOn.Set();
        await queue.DisposeAsync();

        // The first is being written, 8,192 wait, the others are dropped.
        Assert.Contains("(1808 log lines were dropped: nobody read them in time)", output.Lines);
    }

    private sealed class BlockedWriter : StringWriter
    {
        public ManualResetEventSlim Blocked { get; } = new();

        public ManualResetEventSlim GoOn { get; } = new();

        public List<string> Lines { get; } = [];

        public override void WriteLine(string? value)
        {
            Lines.Add(value ?? "");
            Blocked.Set();
            GoOn.Wait(TestTimeouts.Signal);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Blocked.Dispose();
            GoOn.Dispose();
        }
    }
}
