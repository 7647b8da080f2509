using ConversationHub.Store.Log;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Finds the operations that can still be read in a damaged region of the log: lines whose newline was lost, and lines of which one byte changed. Pure.
/// </summary>
internal static class RegionSalvage
{
    /// <summary>How every line begins; inside a line its quotes would be escaped.</summary>
    private static ReadOnlySpan<byte> Beginning => "{\"crc32c\":\""u8;

    /// <returns>The lines, in their order, without newlines.</returns>
    public static IReadOnlyList<SavedLine> Read(ReadOnlySpan<byte> region)
    {
        var saved = new List<SavedLine>();
        for (var start = 0; start < region.Length;)
        {
            var next = region[(start + 1)..].IndexOf(Beginning);
            var end = next < 0 ? region.Length : start + 1 + next;
            ReadPiece(region[start..end], saved);
            start = end;
        }

        return saved;
    }

    private static void ReadPiece(ReadOnlySpan<byte> piece, List<SavedLine> saved)
    {
        // The last byte was a newline, whatever it is now; at the end of a file it may never have been written.
        if ((TryLine(piece[..^1]) ?? TryLine(piece)) is { } whole)
        {
            saved.Add(whole);
            return;
        }

        if (piece[..^1].IndexOf(ChecksumLine.Newline) < 0)
            return;
        foreach (var part in piece.Split(ChecksumLine.Newline))
        {
            if (TryLine(piece[part]) is { } line)
                saved.Add(line);
        }
    }

    private static SavedLine? TryLine(ReadOnlySpan<byte> line)
    {
        if (ChecksumLine.IsIntact(line))
            return TryRead(line.ToArray());
        return LineMend.TryMend(line, static bytes => TryRead(bytes) is not null) is { } mended ? TryRead(mended) : null;
    }

    private static SavedLine? TryRead(byte[] line) =>
        LogLine.TryRead(line, names: null, out var operation, out var body) == LineRead.Good
        && OperationContent.TryRead(operation!.Kind, line.AsSpan()[body]) is not null
            ? new SavedLine(operation, line)
            : null;
}

/// <param name="Bytes">Of the line, without its newline, as they were written.</param>
internal sealed record SavedLine(StoredOperation Operation, byte[] Bytes);
