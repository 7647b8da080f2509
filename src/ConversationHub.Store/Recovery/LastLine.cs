using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Recovery;

/// <summary>
/// Looks at the last line of a log before anything of its store is touched. A newer version has written there, and then all must stay as it is,
/// also what a start would throw away and make anew: index, search files, a snapshot it cannot read.
/// </summary>
internal static class LastLine
{
    private const int FirstBytes = 1 << 16;

    /// <returns>Null when this version knows its format, or there is no line.</returns>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public static string? NewerFormat(LogFolder folder)
    {
        foreach (var segment in folder.ListSegments().Reverse())
        {
            using var file = File.OpenHandle(folder.Segment(segment), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) is not (> 0 and var length))
                continue;
            var (line, offset) = Read(file, length);
            if (LogLine.FormatOf(line) is not (> Operation.CurrentFormat and var format))
                return null;
            var number = 0L;
            SegmentScanner.Scan(file, 0, (_, at, _) => number = at.Offset == offset ? at.Number : number);
            return Describe(format, segment, number);
        }

        return null;
    }

    public static string Describe(int format, int segment, long line) =>
        string.Create(CultureInfo.InvariantCulture, $"format {format} in {SegmentName.Of(segment)} line {line}");

    /// <returns>The last line that has its newline, and where it begins; empty when there is none.</returns>
    private static (byte[] Line, long Offset) Read(Microsoft.Win32.SafeHandles.SafeFileHandle file, long length)
    {
        for (var size = (long)FirstBytes; ; size *= 16)
        {
            var bytes = new byte[Math.Min(size, length)];
            var from = length - bytes.Length;
            var read = RandomAccess.Read(file, bytes, from);
            var end = bytes.AsSpan(0, read).LastIndexOf(ChecksumLine.Newline);
            var start = end < 0 ? 0 : bytes.AsSpan(0, end).LastIndexOf(ChecksumLine.Newline) + 1;
            if (end >= 0 && (start > 0 || from == 0))
                return (bytes[start..end], from + start);
            if (from == 0 || size > 2L * LogLine.MaxBytes)
                return ([], 0);
        }
    }
}
