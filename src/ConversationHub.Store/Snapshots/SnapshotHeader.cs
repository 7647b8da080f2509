using System.Runtime.InteropServices;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// The first bytes of a snapshot: what it was made by, how much follows, and a checksum of each part. The entries stand as they do in memory,
/// so a file of another machine's byte order or of another layout is refused by <see cref="Magic"/> or <see cref="EntryBytes"/>.
/// </summary>
/// <param name="Entries">Operations.</param>
/// <param name="Unused">Fills the last eight bytes, so that every byte is under the checksum.</param>
/// <param name="SmallParts">Bytes of everything that is no operation, which stands after them.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SnapshotHeader(ulong Magic, int Version, int EntryBytes, int Entries, int SmallParts, uint SmallChecksum, uint ChunksChecksum, uint Unused, uint Checksum)
{
    private const ulong OwnMagic = 0x31_50_4e_53_42_55_48_4d; // "MHUBSNP1"

    /// <summary>To be raised with every change of <see cref="OperationEntry"/>, of a flag's meaning, or of <see cref="SmallParts"/>.</summary>
    private const int OwnVersion = 1;

    public static int Bytes => Marshal.SizeOf<SnapshotHeader>();

    public static SnapshotHeader Create(int entries, int smallParts, uint smallChecksum, uint chunksChecksum)
    {
        var header = new SnapshotHeader(
            OwnMagic, OwnVersion, Marshal.SizeOf<OperationEntry>(), entries, smallParts, smallChecksum, chunksChecksum, 0, 0);
        return header with { Checksum = header.OwnChecksum() };
    }

    /// <returns>Null when it can be used, else why not.</returns>
    public string? Refusal() =>
        Magic != OwnMagic ? "it is no snapshot of this kind of machine"
        : Checksum != (this with { Checksum = 0 }).OwnChecksum() ? "its header is damaged"
        : Version != OwnVersion || EntryBytes != Marshal.SizeOf<OperationEntry>() ? $"it has version {Version}, and this program knows {OwnVersion}"
        : null;

    private uint OwnChecksum()
    {
        var copy = this;
        return ChecksumLine.Checksum(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref copy, 1)));
    }
}
