using System.Buffers;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;
using ConversationHub.Store.Repair;

namespace ConversationHub.Store.Tests.Repair;

public sealed class LineMendTests
{
    [Fact]
    public void TryMend_AnyByteOfALineChanged_GivesBackWhatWasWritten()
    {
        var line = Line("what was said, über alles");
        var mended = 0;
        for (var at = 0; at < line.Length; at++)
        {
            for (var change = 1; change < 256; change++)
            {
                var damaged = line.ToArray();
                damaged[at] ^= (byte)change;
                if (LineMend.TryMend(damaged, IsLine) is not { } found)
                    continue;
                Assert.Equal(line, found);
                mended++;
            }
        }

        Assert.Equal(line.Length * 255, mended);
    }

    /// <summary>In a long line there are so many places that two changed bytes look like one somewhere else: what nobody wrote must not be shown as mended.</summary>
    [Theory]
    [InlineData(1_500, 0x41, true)]
    [InlineData(3_000, 0x41, false)]
    [InlineData(3_000, 0x40, true)]
    [InlineData(60_000, 0x40, true)]
    [InlineData(70_000, 0x40, false)]
    public void TryMend_LongLine_TakesOnlyWhatChanceCannotExplain(int length, byte change, bool isMended)
    {
        var line = Line(new string('w', length));
        var damaged = line.ToArray();
        damaged[line.Length / 2] ^= change;

        var found = LineMend.TryMend(damaged, IsLine);

        Assert.Equal(isMended, found is not null);
        if (isMended)
            Assert.Equal(line, found);
    }

    [Fact]
    public void TryMend_TwoBytesChangedOrALineThatIsNone_GivesNothing()
    {
        var line = Line("what was said");
        for (var at = 30; at < line.Length - 1; at++)
        {
            var damaged = line.ToArray();
            damaged[at] ^= 1;
            damaged[at + 1] ^= 2;
            Assert.Null(LineMend.TryMend(damaged, IsLine));
        }

        Assert.Null(LineMend.TryMend("{\"crc32c\":\"00000000\",\"not\":\"ours\"}"u8, IsLine));
        Assert.Null(LineMend.TryMend([], IsLine));
        Assert.Null(LineMend.TryMend(line.AsSpan(0, 10), IsLine));
    }

    private static bool IsLine(byte[] bytes) => LogLine.TryRead(bytes, names: null, out _, out _) == LineRead.Good;

    private static byte[] Line(string content)
    {
        var target = new ArrayBufferWriter<byte>();
        LogLine.Write(
            target,
            new StoredOperation(Guid.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"), "message", "ada", "main", "local_sha256_eed292c6e467c8ef~5f0c9a1e", 1, HybridTimestamp.Create(1, 0)),
            System.Text.Encoding.UTF8.GetBytes($$"""{"role":"user","content":"{{content}}","surface":"cli","timestamp":"2026-01-05T09:30:00.123000Z"}"""));
        return target.WrittenSpan[..^1].ToArray();
    }
}
