using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Views;

/// <summary>
/// What this store last wrote under each name beside the log, so that a file that somebody changed by hand is told from it (wire.md §10.3).
/// One record of 20 bytes for each write is appended to <c>log/views.sums</c>: name and content, each as the first 8 bytes of its SHA-256,
/// and the CRC-32C of both. Nothing is synced: a record that a crash took makes a file be kept aside that need not be, and no more.
/// Used by one thread at a time.
/// </summary>
internal sealed class WrittenViews(LogFolder folder, IDisk disk) : IDisposable
{
    public const int RecordBytes = 20;
    private const int DigestBytes = 8;

    /// <summary>Records of names that were written again since; beyond it, and when they are the most, the file is made anew.</summary>
    private const int MaxOutdated = 1 << 16;

    private Dictionary<ulong, ulong>? _known;
    private SafeFileHandle? _file;
    private long _length;

    /// <returns>Null when nothing is known of the name, as of files that an earlier version wrote.</returns>
    public bool? IsOwn(string name, ReadOnlySpan<byte> content) =>
        Known.TryGetValue(Digest(Encoding.UTF8.GetBytes(name)), out var written) ? written == Digest(content) : null;

    /// <summary>To be called when the file stands under its name.</summary>
    /// <exception cref="IOException">It is not noted; the file is taken for somebody else's when it is written the next time.</exception>
    public void Note(string name, ReadOnlySpan<byte> content)
    {
        var (key, digest) = (Digest(Encoding.UTF8.GetBytes(name)), Digest(content));
        if (Known.TryGetValue(key, out var written) && written == digest)
            return;
        Span<byte> record = stackalloc byte[RecordBytes];
        Write(record, key, digest);
        disk.Write(_file!, record, _length);
        _length += RecordBytes;
        Known[key] = digest;
        if ((_length / RecordBytes) - Known.Count > Math.Max(MaxOutdated, Known.Count))
            WriteAnew();
    }

    /// <returns>The records that are not as they were written, by offset; a rest at the end counts as one.</returns>
    public static IEnumerable<long> FindDamaged(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length; at += RecordBytes)
        {
            if (bytes.Length - at < RecordBytes || !IsIntact(bytes.AsSpan(at, RecordBytes)))
                yield return at;
        }
    }

    public void Dispose() => _file?.Dispose();

    private Dictionary<ulong, ulong> Known
    {
        get
        {
            if (_known is null)
                Open();
            return _known!;
        }
    }

    private void Open()
    {
        var known = new Dictionary<ulong, ulong>();
        var file = disk.Open(folder.WrittenViews);
        var bytes = File.ReadAllBytes(folder.WrittenViews);
        for (var at = 0; at + RecordBytes <= bytes.Length; at += RecordBytes)
        {
            var record = bytes.AsSpan(at, RecordBytes);
            if (IsIntact(record))
                known[BinaryPrimitives.ReadUInt64LittleEndian(record)] = BinaryPrimitives.ReadUInt64LittleEndian(record[DigestBytes..]);
        }

        (_known, _file, _length) = (known, file, bytes.Length);
        if (FindDamaged(bytes).Any())
            WriteAnew();
    }

    private void WriteAnew()
    {
        var bytes = new byte[Known.Count * RecordBytes];
        var at = 0;
        foreach (var (key, digest) in Known)
        {
            Write(bytes.AsSpan(at, RecordBytes), key, digest);
            at += RecordBytes;
        }

        _file!.Dispose();
        AtomicFile.ReplaceLater(folder.WrittenViews, bytes, disk);
        (_file, _length) = (disk.Open(folder.WrittenViews), bytes.Length);
    }

    private static void Write(Span<byte> record, ulong key, ulong digest)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, key);
        BinaryPrimitives.WriteUInt64LittleEndian(record[DigestBytes..], digest);
        BinaryPrimitives.WriteUInt32LittleEndian(record[(2 * DigestBytes)..], ChecksumLine.Checksum(record[..(2 * DigestBytes)]));
    }

    private static bool IsIntact(ReadOnlySpan<byte> record) =>
        BinaryPrimitives.ReadUInt32LittleEndian(record[(2 * DigestBytes)..]) == ChecksumLine.Checksum(record[..(2 * DigestBytes)]);

    private static ulong Digest(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }
}
