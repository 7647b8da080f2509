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
        Assert.Contains("(1808 log lines were dropped: nobody read them in time, or they could not be written)", output.Lines);
    }

    [Fact]
    public async Task Write_OutputFails_LosesThatLineOnlyAndTellsIt()
    {
        await using var output = new FullDisk(failures: 2);
        await using (var queue = new LogQueue(output, TimeProvider.System))
        {
            for (var i = 1; i <= 3; i++)
                queue.Write($"line {i}");
        }

        Assert.Equal(["line 3", "(2 log lines were dropped: nobody read them in time, or they could not be written)"], output.ToString().TrimEnd().Split(Environment.NewLine));
    }

    /// <summary>A program that must refuse to start ends with the code of its refusal, not as a crash, also when nobody can read why.</summary>
    [Fact]
    public async Task Tolerant_OutputFails_GoesOn()
    {
        await using var output = new FullDisk(failures: 2);
        await using var tolerant = new TolerantWriter(output);

        await tolerant.WriteLineAsync("lost");
        tolerant.WriteLine("lost as well");
        await tolerant.WriteLineAsync("there is room again");

        Assert.Equal("there is room again", output.ToString().TrimEnd());
    }

    /// <summary>Takes nothing at first.</summary>
    private sealed class FullDisk(int failures) : StringWriter
    {
        private int _left = failures;

        public override void WriteLine(string? value)
        {
            if (_left-- > 0)
                throw new IOException("No space left on device");
            base.WriteLine(value);
        }
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
