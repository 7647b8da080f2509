using System.Text;

namespace ConversationHub.Store.Index;

/// <summary>
/// Ids of conversations as UTF-8, one behind another: a string each would take three times the memory. They only come, never go,
/// and stay while the store is open, as an erased id must be recognised. Not thread-safe.
/// </summary>
internal sealed class NameBytes
{
    private const int ChunkBytes = 1 << 16;

    private readonly List<byte[]> _chunks = [];
    private int _used = ChunkBytes;

    public ReadOnlySpan<byte> this[NamePlace place] => _chunks[place.Chunk].AsSpan(place.Offset, place.Length);

    public string TextOf(NamePlace place) => Encoding.UTF8.GetString(this[place]);

    public NamePlace Add(ReadOnlySpan<byte> name)
    {
        if (_chunks.Count == 0 || name.Length > ChunkBytes - _used)
        {
            _chunks.Add(new byte[Math.Max(ChunkBytes, name.Length)]);
            _used = 0;
        }

        var place = new NamePlace(_chunks.Count - 1, (ushort)_used, name.Length);
        name.CopyTo(_chunks[^1].AsSpan(_used));
        _used = Math.Min(ChunkBytes, _used + name.Length);
        return place;
    }
}

/// <summary>Where a name stands.</summary>
/// <param name="Length">In bytes.</param>
internal readonly record struct NamePlace(int Chunk, ushort Offset, int Length);
