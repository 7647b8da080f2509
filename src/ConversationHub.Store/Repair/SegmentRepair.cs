using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Recovery;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Takes damaged bytes out of the segments: they are copied to <c>log/damaged/</c> first, the operations that can still be read in them go back to
/// their place, and every other line stays byte for byte. A segment is replaced whole, so a crash leaves the old one or the new one,
/// and the next repair goes on with what is left.
/// </summary>
internal sealed class SegmentRepair(LogFolder folder, StoreIndex index, IDisk disk, IdSource ids)
{
    /// <summary>Of the file beside a copy that names the conversations of what could be read in it, as lines of the log do: what changed may be a name.</summary>
    internal const string IdsExtension = ".ids";

    private const int DigestDigits = 16;
    private const int CopyBytes = 1 << 20;

    private readonly HashSet<(string Origin, long Seq)> _saved = [];

    /// <returns>One sentence for each segment that was changed.</returns>
    /// <exception cref="IOException">What was not yet replaced is as it was.</exception>
    public IReadOnlyList<string> Run(LogReading reading)
    {
        var plans = Regions(reading).GroupBy(static region => region.Segment, StringComparer.Ordinal).Select(Plan).ToArray();
        if (plans.Length == 0)
            return [];

        // What cannot be brought back may have been the last of its origin, whose numbers must not be given out again.
        if (plans.Any(static plan => plan.LostBytes > 0))
            (StoreIdentity.New(ids) with { Born = BirthMark.Of(folder.Log) }).Write(folder.Identity, disk);

        // Both tell of the log as it was.
        File.Delete(folder.Snapshot);
        if (Directory.Exists(folder.Search))
            Directory.Delete(folder.Search, recursive: true);
        disk.FlushFolder(folder.Log);
        return [.. plans.Select(Replace)];
    }

    private static IEnumerable<DamagedRegion> Regions(LogReading reading)
    {
        foreach (var region in reading.Damage)
            yield return region;
        if (reading.Tail is { } tail)
            yield return new DamagedRegion(SegmentName.Of(reading.Segments[^1]), tail.Number, tail.Offset, reading.Length - tail.Offset);
    }

    private SegmentPlan Plan(IGrouping<string, DamagedRegion> regions)
    {
        var path = Path.Combine(folder.Log, regions.Key);
        using var file = ReadOnlyDisk.Instance.Open(path);
        var parts = new List<PlannedRegion>();
        foreach (var region in regions.OrderBy(static region => region.Offset))
        {
            var bytes = new byte[region.Length];
            if (RandomAccess.Read(file, bytes, region.Offset) != bytes.Length)
                throw new IOException($"{regions.Key} became shorter while it was being read.");
            var readable = RegionSalvage.Read(bytes);
            KeepAside(region, bytes, readable);
            parts.Add(new PlannedRegion(
                region, [.. readable.Where(IsMissing)], region.Length - readable.Sum(static line => line.Bytes.Length + 1L)));
        }

        return new SegmentPlan(path, parts);
    }

    /// <summary>A peer may have brought it meanwhile; and nothing goes into a stream of somebody else's.</summary>
    private bool IsMissing(SavedLine line)
    {
        var stream = index.Streams.Find(line.Operation.Origin);
        return (stream is null || (stream.User == line.Operation.UserId && stream.NumberAt(line.Operation.Seq) == OperationEntry.None))
            && _saved.Add((line.Operation.Origin, line.Operation.Seq));
    }

    /// <summary>Where the names beside a copy of damage stand, if there are any.</summary>
    internal static string IdsOf(string copy) => copy + IdsExtension;

    private void KeepAside(DamagedRegion region, byte[] bytes, IReadOnlyList<SavedLine> readable)
    {
        OwnerOnly.Folder(folder.Damaged);
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes))[..DigestDigits];
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(region.Segment)}-{region.Offset}-{region.Length}-{digest}.bad");
        var names = readable.Select(static line => line.Operation.ConversationId).OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(static id => $"{{\"conversation_id\":\"{JsonEncodedText.Encode(id)}\"}}\n").ToArray();
        if (names.Length > 0)
            AtomicFile.Replace(IdsOf(Path.Combine(folder.Damaged, name)), Encoding.UTF8.GetBytes(string.Concat(names)), disk);
        AtomicFile.Replace(Path.Combine(folder.Damaged, name), bytes, disk);
        disk.FlushFolder(folder.Log);
    }

    private string Replace(SegmentPlan plan)
    {
        var temporary = plan.Path + AtomicFile.TemporarySuffix;
        using (var from = ReadOnlyDisk.Instance.Open(plan.Path))
        using (var to = disk.Open(temporary))
        {
            disk.SetLength(to, 0);
            long read = 0;
            long written = 0;
            foreach (var part in plan.Regions)
            {
                written += Copy(from, read, part.Region.Offset, to, written);
                foreach (var line in part.Saved)
                {
                    disk.Write(to, [.. line.Bytes, ChecksumLine.Newline], written);
                    written += line.Bytes.Length + 1;
                }

                read = part.Region.Offset + part.Region.Length;
            }

            Copy(from, read, RandomAccess.GetLength(from), to, written);
            disk.Flush(to);
        }

        File.Move(temporary, plan.Path, overwrite: true);
        disk.FlushFolder(folder.Log);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"log/{Path.GetFileName(plan.Path)}: {plan.Regions.Count} damaged regions ({plan.DamagedBytes} bytes) kept in log/damaged and taken out, {plan.SavedCount} operations in them brought back");
    }

    private long Copy(SafeFileHandle from, long start, long end, SafeFileHandle to, long at)
    {
        var buffer = new byte[CopyBytes];
        for (var read = start; read < end;)
        {
            var got = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(CopyBytes, end - read)), read);
            if (got == 0)
                throw new IOException("A segment became shorter while it was being copied.");
            disk.Write(to, buffer.AsSpan(0, got), at + read - start);
            read += got;
        }

        return end - start;
    }

    private sealed record PlannedRegion(DamagedRegion Region, IReadOnlyList<SavedLine> Saved, long LostBytes);

    private sealed record SegmentPlan(string Path, IReadOnlyList<PlannedRegion> Regions)
    {
        public long LostBytes => Regions.Sum(static part => part.LostBytes);

        public long DamagedBytes => Regions.Sum(static part => part.Region.Length);

        public int SavedCount => Regions.Sum(static part => part.Saved.Count);
    }
}
