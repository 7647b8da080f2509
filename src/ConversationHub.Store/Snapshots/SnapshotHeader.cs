using System.Runtime.InteropServices;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// The first bytes of a snapshot: what it was made by, how much follows, and a checksum of each part. The entries stand as they do in memory,
/// so a file of another machine's byte order or of another layout is refused by <see cref="Magic"/> or <see cref="EntryBytes"/>.
/// </summary>
/// <param name="Entries">Operations.</param>
/// <param name="SmallParts">Bytes of what is neither operation nor conversation.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SnapshotHeader(
    ulong Magic, int Version, int EntryBytes, int Entries, int Conversations, int SmallParts, uint SmallChecksum, uint DirectoryChecksum, uint Checksum)
{
    private const ulong OwnMagic = 0x31_50_4e_53_42_55_48_4d; // "MHUBSNP1"

    /// <summary>
    /// To be raised with every change of <see cref="OperationEntry"/>, of <see cref="SavedConversation"/>, of a flag's meaning, or of
    /// <see cref="Snapshots.SmallParts"/>. A snapshot of another version is not used, and the log is read instead.
    /// </summary>
    private const int OwnVersion = 3;

    public static int Bytes => Marshal.SizeOf<SnapshotHeader>();

    public static SnapshotHeader Create(int entries, int conversations, int smallParts, uint smallChecksum, uint directoryChecksum)
    {
        var header = new SnapshotHeader(
            OwnMagic, OwnVersion, Marshal.SizeOf<OperationEntry>(), entries, conversations, smallParts, smallChecksum, directoryChecksum, 0);
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
