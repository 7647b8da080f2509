using System.Globalization;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Recovery;

/// <summary>
/// Reads the whole log into memory and repairs what a crash may leave (wire.md §10.1): a torn tail is copied aside, then cut;
/// damage with good lines after it is reported and left. Nothing is changed before every segment was read.
/// </summary>
/// <param name="search">Null when nothing is searched.</param>
internal sealed class LogRecovery(LogFolder folder, SegmentFiles files, IDisk disk, LogState state, SearchKeeper? search, ILogger logger,
    IProgress<StoreProgress>? progress = null)
{
    private const int PieceBytes = 1 << 20;

    private readonly NamePool _names = new();
    private readonly List<DamagedRegion> _regions = [];
    private (long Line, int Format)? _newerLine;
    private string? _newer;

    /// <summary>Reads everything, or the tail, and changes nothing.</summary>
    /// <param name="known">How far a snapshot has the log already; null for nothing.</param>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public LogReading Read(SegmentCover? known = null)
    {
        var segments = folder.ListSegments();
        LinePosition? tail = null;
        long length = 0;
        state.Index.BeginBulk();
        for (var at = 0; at < segments.Count && _newer is null; at++)
        {
            progress?.Report(new StoreProgress("reading the log", at, segments.Count, "segments"));
            if (segments[at] < known?.Number)
                files.Open(segments[at]);
            else
                (tail, length) = ReadSegment(segments[at], segments[at] == known?.Number ? known.Value.Length : 0, isNewest: at == segments.Count - 1);
        }

        progress?.Report(new StoreProgress("reading the log", segments.Count, segments.Count, "segments"));
        state.Index.EndBulk();
        return new LogReading(segments, length, tail, _regions, _newer);
    }

    /// <summary>Makes the log ready to be appended to.</summary>
    /// <param name="known">As it was read.</param>
    /// <returns>Number of the newest segment and its length in bytes.</returns>
    /// <exception cref="IOException">The log cannot be repaired.</exception>
    public (int Segment, long Length) Repair(LogReading reading, SegmentCover? known = null)
    {
        foreach (var region in reading.Damage)
            StoreTelemetry.DamagedRegion(logger, region.Segment, region.Line, region.Offset, region.Length);
        if (reading.Segments.Count == 0)
            return (1, 0);
        var newest = reading.Segments[^1];
        if (reading.Tail is { } torn)
            CutTail(newest, torn, reading.Length);

        // What is shown from here on must outlive the machine too, not only the process that wrote it.
        var length = reading.Tail?.Offset ?? reading.Length;
        if (!File.Exists(folder.Clean))
            WriteAgain(newest, known?.Number == newest ? known.Value.Length : 0, length);
        disk.Flush(files.Open(newest));
        return (newest, length);
    }

    /// <summary>
    /// Where a sync failed before, the system holds bytes that are on no disk and takes them for written, so that to sync them does nothing:
    /// the same bytes, written in their place, are synced in earnest.
    /// </summary>
    private void WriteAgain(int segment, long from, long length)
    {
        var file = files.Open(segment);
        var bytes = new byte[PieceBytes];
        for (var at = from; at < length;)
        {
            var read = RandomAccess.Read(file, bytes.AsSpan(0, (int)Math.Min(bytes.Length, length - at)), at);
            if (read == 0)
                throw new IOException($"{SegmentName.Of(segment)} ended at {at} of {length} bytes.");
            disk.Write(file, bytes.AsSpan(0, read), at);
            at += read;
        }
    }

    private (LinePosition? Tail, long Length) ReadSegment(int segment, long from, bool isNewest)
    {
        var damage = new SegmentDamage(SegmentName.Of(segment));
        var length = SegmentScanner.Scan(files.Open(segment), from, (line, at, ended) =>
        {
            if (ended && TryApply(segment, line, at))
                damage.Good(at);
            else
                damage.Bad(at);
        });
        if (!isNewest)
            damage.EndOfOlderSegment(length);
        if (damage.Regions.Count > 0)
            state.DamagedSegments.Add(segment);
        if (damage.Regions.Count == 0 && damage.Tail is null)
            return (null, length);

        // Lines are counted from the beginning of the file, for people who look for them there.
        var before = from == 0 ? 0 : CountLines(segment, from);
        if (_newerLine is { } newer)
            _newer = LastLine.Describe(newer.Format, segment, newer.Line + before);
        _regions.AddRange(damage.Regions.Select(region => region with { Line = region.Line + before }));
        return (damage.Tail is { } tail ? tail with { Number = tail.Number + before } : null, length);
    }

    private long CountLines(int segment, long before)
    {
        var count = 0L;
        SegmentScanner.Scan(files.Open(segment), 0, (_, at, _) => count += at.Offset < before ? 1 : 0);
        return count;
    }

    private bool TryApply(int segment, ReadOnlySpan<byte> line, LinePosition at)
    {
        var read = LogLine.TryRead(line, _names, out var operation, out var body);
        if (read == LineRead.Newer)
            _newerLine ??= (at.Number, LogLine.FormatOf(line) ?? 0);
        if (read != LineRead.Good || OperationContent.TryRead(operation!.Kind, line[body]) is not { } content)
            return false;
        var isSearched = search is not null && state.Search.IsOn && !state.Search.Covers(state.Index.Operations.Count);
        var terms = isSearched && content is OperationContent.Message message ? SearchPolicy.TermsOf(message.Body) : TermCounts.Empty;
        state.Apply(operation, content, new LineLocation(segment, (int)at.Offset, line.Length), terms);
        if (isSearched && state.Search.Current.Memory.Count > 1)
            search!.WriteGathered();
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
