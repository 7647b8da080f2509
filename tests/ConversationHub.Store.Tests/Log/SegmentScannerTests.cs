using System.Text;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Log;

public sealed class SegmentScannerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a\n")]
    [InlineData("a\nbb\n\nccc")]
    [InlineData("\n\n\n")]
    public void Scan_AnyLines_GivesEachWithItsPlace(string text) => Check(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Scan_LinesAcrossTheBuffersEnd_GivesEachWithItsPlace()
    {
        var random = new Random(7);
        var text = new StringBuilder();
        for (var line = 0; line < 40; line++)
            text.Append((char)('a' + (line % 26)), random.Next(0, 400_000)).Append('\n');
        text.Append("torn");
        Check(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Piece by piece the same lines are seen as at once, also those that are longer than a piece.</summary>
    [Fact]
    public void ScanPiece_UntilNothingIsLeft_GivesEveryLineOnce()
    {
        var random = new Random(11);
        var text = new StringBuilder();
        for (var line = 0; line < 30; line++)
            text.Append((char)('a' + (line % 26)), line % 10 == 9 ? 3_000_000 : random.Next(0, 400_000)).Append('\n');
        text.Append("torn");
        using var folder = new TemporaryFolder();
        using var file = PhysicalDisk.Instance.Open(folder.Combine("x"));
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(text.ToString()), 0);
        var whole = new List<(long Offset, int Length, bool Ended)>();
        SegmentScanner.Scan(file, 0, (line, at, ended) => whole.Add((at.Offset, line.Length, ended)));

        var seen = new List<(long Offset, int Length, bool Ended)>();
        var pieces = 0;
        for (long from = 0, next; (next = SegmentScanner.ScanPiece(file, from, (line, at, ended) => seen.Add((at.Offset, line.Length, ended)))) > from; from = next)
            pieces++;

        Assert.Equal(whole, seen);
        Assert.True(pieces > 5, $"{pieces} pieces");
    }

    [Fact]
    public void Scan_BytesWithoutEnd_NeedsBoundedMemoryAndTellsThatNoLineEnded()
    {
        using var folder = new TemporaryFolder();
        using var file = PhysicalDisk.Instance.Open(folder.Combine("x"));
        RandomAccess.SetLength(file, LogLine.MaxBytes * 3L);
        var endings = new List<bool>();

        var length = SegmentScanner.Scan(file, 0, (line, at, ended) => endings.Add(ended));

        Assert.Equal(LogLine.MaxBytes * 3L, length);
        Assert.NotEmpty(endings);
        Assert.DoesNotContain(true, endings);
    }

    private static void Check(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        using var file = PhysicalDisk.Instance.Open(folder.Combine("x"));
        RandomAccess.Write(file, bytes, 0);
        var number = 1;
        var expectedOffset = 0L;

        var length = SegmentScanner.Scan(file, 0, (line, at, ended) =>
        {
            Assert.Equal(new LinePosition(expectedOffset, number++), at);
            Assert.True(line.SequenceEqual(bytes.AsSpan((int)at.Offset, line.Length)));
            expectedOffset += line.Length + (ended ? 1 : 0);
            Assert.Equal(ended, expectedOffset <= bytes.Length && expectedOffset > 0 && bytes[expectedOffset - 1] == (byte)'\n');
        });

        Assert.Equal(bytes.Length, length);
        Assert.Equal(bytes.Length, expectedOffset);
    }
}
