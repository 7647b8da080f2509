using System.Globalization;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Recovery;

/// <summary>
/// Reads the whole log into memory and repairs what a crash may leave (wire.md §10.1): a torn tail is copied aside, then cut;
/// damage with good lines after it is reported and left. Nothing is changed before every segment was read.
/// </summary>
internal sealed class LogRecovery(LogFolder folder, SegmentFiles files, IDisk disk, LogState state, ILogger logger)
{
    private readonly NamePool _names = new();
    private readonly List<DamagedRegion> _regions = [];
    private string? _newer;

    /// <summary>Reads everything and changes nothing.</summary>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public LogReading Read()
    {
        var segments = folder.ListSegments();
        LinePosition? tail = null;
        long length = 0;
        state.Index.BeginBulk();
        for (var at = 0; at < segments.Count && _newer is null; at++)
            (tail, length) = ReadSegment(segments[at], isNewest: at == segments.Count - 1);
        state.Index.EndBulk();
        return new LogReading(segments, length, tail, _regions, _newer);
    }

    /// <summary>Makes the log ready to be appended to.</summary>
    /// <returns>Number of the newest segment and its length in bytes.</returns>
    /// <exception cref="IOException">The log cannot be repaired.</exception>
    public (int Segment, long Length) Repair(LogReading reading)
    {
        foreach (var region in reading.Damage)
            StoreTelemetry.DamagedRegion(logger, region.Segment, region.Line, region.Offset, region.Length);
        if (reading.Segments.Count == 0)
            return (1, 0);
        var newest = reading.Segments[^1];
        if (reading.Tail is { } torn)
            CutTail(newest, torn, reading.Length);

        // What is shown from here on must outlive the machine too, not only the process that wrote it.
        disk.Flush(files.Open(newest));
        return (newest, reading.Tail?.Offset ?? reading.Length);
    }

    private (LinePosition? Tail, long Length) ReadSegment(int segment, bool isNewest)
    {
        var damage = new SegmentDamage(SegmentName.Of(segment));
        var length = SegmentScanner.Scan(files.Open(segment), 0, (line, at, ended) =>
        {
            if (ended && TryApply(segment, line, at))
                damage.Good(at);
            else
                damage.Bad(at);
        });
        if (!isNewest)
            damage.EndOfOlderSegment(length);
        _regions.AddRange(damage.Regions);
        if (damage.Regions.Count > 0)
            state.DamagedSegments.Add(segment);
        return (damage.Tail, length);
    }

    private bool TryApply(int segment, ReadOnlySpan<byte> line, LinePosition at)
    {
        var read = LogLine.TryRead(line, _names, out var operation, out var body);
        if (read == LineRead.Newer)
            _newer ??= string.Create(CultureInfo.InvariantCulture, $"{SegmentName.Of(segment)} line {at.Number}");
        if (read != LineRead.Good || OperationContent.TryRead(operation!.Kind, line[body]) is not { } content)
            return false;
        var terms = content is OperationContent.Message message ? SearchPolicy.TermsOf(message.Body) : TermCounts.Empty;
        state.Apply(operation, content, new LineLocation(segment, (int)at.Offset, line.Length), terms);
        return true;
    }

    private void CutTail(int segment, LinePosition tail, long length)
    {
        OwnerOnly.Folder(folder.Damaged);
        var name = string.Create(CultureInfo.InvariantCulture, $"{segment:D12}-{tail.Offset}-{length - tail.Offset}.torn");
        var bytes = new byte[length - tail.Offset];
        var file = files.Open(segment);
        RandomAccess.Read(file, bytes, tail.Offset);
        AtomicFile.Replace(Path.Combine(folder.Damaged, name), bytes, disk);
        disk.SetLength(file, tail.Offset);
        StoreTelemetry.TornTailCut(logger, SegmentName.Of(segment), tail.Number, tail.Offset, bytes.Length, name);
    }
}

/// <summary>What reading the log gave.</summary>
/// <param name="Segments">Numbers, in order.</param>
/// <param name="Length">Of the newest segment, in bytes.</param>
/// <param name="Tail">Where the bytes after the last good line of the newest segment begin, if there are any.</param>
/// <param name="NewerFormat">Where a line of a later version stands, if there is one.</param>
internal sealed record LogReading(
    IReadOnlyList<int> Segments, long Length, LinePosition? Tail, IReadOnlyList<DamagedRegion> Damage, string? NewerFormat);
