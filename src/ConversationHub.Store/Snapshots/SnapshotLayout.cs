using System.Runtime.InteropServices;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// Where what stands in a snapshot: header; operations, as memory has them; the directory, which is a checksum for each chunk of them and length and
/// checksum for each block of conversations; the small parts; the blocks. Nothing is used before its checksum was compared.
/// </summary>
internal readonly record struct SnapshotLayout(int Entries, int Conversations)
{
    public static readonly int EntryBytes = Marshal.SizeOf<OperationEntry>();

    public int Chunks => (Entries + OperationTable.ChunkEntries - 1) / OperationTable.ChunkEntries;

    public int Blocks => (Conversations + ConversationTable.BlockEntries - 1) / ConversationTable.BlockEntries;

    public long DirectoryOffset => ChunkOffset(0) + ((long)Entries * EntryBytes);

    public int DirectoryBytes => (Chunks * sizeof(uint)) + (Blocks * Marshal.SizeOf<SavedBlock>());

    public long SmallPartsOffset => DirectoryOffset + DirectoryBytes;

    public static long ChunkOffset(int chunk) => SnapshotHeader.Bytes + ((long)chunk * OperationTable.ChunkEntries * EntryBytes);

    public Span<uint> ChunkChecksums(Span<byte> directory) => MemoryMarshal.Cast<byte, uint>(directory[..(Chunks * sizeof(uint))]);

    public Span<SavedBlock> SavedBlocks(Span<byte> directory) => MemoryMarshal.Cast<byte, SavedBlock>(directory[(Chunks * sizeof(uint))..]);
}

/// <summary>A block of conversations in a snapshot.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SavedBlock(int Bytes, uint Checksum);
