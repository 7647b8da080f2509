using System.Buffers;
using System.Text;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Testing;

namespace ConversationHub.Mcp.Tests.Stdio;

public sealed class OutgoingLinesTests
{
    private readonly SlowStream _output = new();
    private readonly OutgoingLines _lines;

    public OutgoingLinesTests() => _lines = new OutgoingLines(_output, static failure => throw new InvalidOperationException("unexpected", failure));

    [Fact]
    public async Task Send_WhileSomebodyWrites_IsLeftToThemAndNobodyWaits()
    {
        var first = Task.Run(() => SendAsync("1"));
        await _output.Entered.WaitAsync(TestTimeouts.Signal);

        Assert.True(SendAsync("2").IsCompletedSuccessfully);
        Assert.True(SendAsync("3").IsCompletedSuccessfully);
        var idle = _lines.WhenIdleAsync();
        Assert.False(idle.IsCompleted);
        _output.LetGo();

        await first.WaitAsync(TestTimeouts.Signal);
        await idle.WaitAsync(TestTimeouts.Signal);
        Assert.Equal(["1\n", "2\n3\n"], _output.Written);
    }

    [Fact]
    public async Task Send_MoreThanMayWait_WaitsForTheNextWrite()
    {
        var first = Task.Run(() => SendAsync("1"));
        await _output.Entered.WaitAsync(TestTimeouts.Signal);

        var held = SendAsync(new string('a', StdioLimits.SendAheadBytes));
        Assert.False(held.IsCompleted);
        _output.LetGo();

        await held.WaitAsync(TestTimeouts.Signal);
        await first.WaitAsync(TestTimeouts.Signal);
        await _lines.WhenIdleAsync().WaitAsync(TestTimeouts.Signal);
        Assert.Equal(2, _output.Written.Count);
    }

    [Fact]
    public async Task Unwritten_CountsWhatIsBeingWrittenAndWhatWaits()
    {
        var first = Task.Run(() => SendAsync("1"));
        await _output.Entered.WaitAsync(TestTimeouts.Signal);
        await SendAsync("22");
        _lines.Post("333", Write);
        Assert.Equal((3, 9), _lines.Unwritten);
        _output.LetGo();

        await first.WaitAsync(TestTimeouts.Signal);
        await _lines.WhenIdleAsync().WaitAsync(TestTimeouts.Signal);
        Assert.Equal((0, 0), _lines.Unwritten);
        Assert.Equal(["1\n", "22\n333\n"], _output.Written);
    }

    /// <summary>Who reads the input may not be held up by one who does not read the output.</summary>
    [Fact]
    public async Task Post_ToAnOutputNobodyReads_ReturnsAtOnce()
    {
        _lines.Post("1", Write);
        await _output.Entered.WaitAsync(TestTimeouts.Signal);
        Assert.Equal((1, 2), _lines.Unwritten);
        var written = _lines.WhenWrittenAsync();
        Assert.False(written.IsCompleted);
        _output.LetGo();
        await written.WaitAsync(TestTimeouts.Signal);
    }

    [Fact]
    public async Task Send_LineThatMayNotBeSentAnyMore_IsNotWritten()
    {
        _output.LetGo();
        await _lines.SendAsync("no", static _ => false, Write);
        await SendAsync("yes");

        Assert.Equal(["yes\n"], _output.Written);
    }

    private Task SendAsync(string line) => _lines.SendAsync(line, static _ => true, Write);

    private static void Write(IBufferWriter<byte> writer, string line) => writer.Write(Encoding.UTF8.GetBytes(line));

    /// <summary>Keeps the first write until it is let go.</summary>
    private sealed class SlowStream : MemoryStream
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _free = new();

        public Task Entered => _entered.Task;

        public List<string> Written { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _entered.TrySetResult();
            _free.Wait();
            Written.Add(Encoding.UTF8.GetString(buffer));
        }

        public void LetGo() => _free.Set();
    }
}
