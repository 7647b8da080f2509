using System.Buffers;
using System.Text;

namespace ConversationHub.Store.Index;

/// <summary>
/// Finds conversations by their id, letter case ignored, since files of some systems could not tell them apart. Of those alike it gives the last;
/// the others follow by <see cref="ConversationRow.NextOfSameId"/>. Not thread-safe.
/// </summary>
internal sealed class ConversationIds(ConversationTable table)
{
    private const int FirstBuckets = 1 << 8;

    // Open addressing with linear probing: conversation number + 1, or 0 for an empty place. Nothing is ever removed.
    private int[] _buckets = new int[FirstBuckets];
    private int _taken;

    /// <returns><see cref="OperationEntry.None"/> when there is none.</returns>
    public int LastOf(ReadOnlySpan<byte> id) => _buckets[Find(id)] - 1;

    /// <summary>Notes a conversation as the last one of its id.</summary>
    public void Add(int number)
    {
        var at = Find(table.IdOf(number));
        _taken += _buckets[at] == 0 ? 1 : 0;
        _buckets[at] = number + 1;
        if (_taken > _buckets.Length / 3 * 2)
            Resize(_buckets.Length * 2);
    }

    /// <summary>Makes room at once for so many.</summary>
    public void Reserve(int count)
    {
        var buckets = _buckets.Length;
        while (count > buckets / 3 * 2)
            buckets *= 2;
        if (buckets > _buckets.Length)
            Resize(buckets);
    }

    private void Resize(int buckets)
    {
        var before = _buckets;
        _buckets = new int[buckets];
        foreach (var one in before)
        {
            if (one != 0)
                _buckets[Find(table.IdOf(one - 1))] = one;
        }
    }

    /// <returns>The place of an id, or the empty one where it belongs.</returns>
    private int Find(ReadOnlySpan<byte> id)
    {
        var at = Hash(id) & (_buckets.Length - 1);
        while (_buckets[at] != 0 && !IsAlike(table.IdOf(_buckets[at] - 1), id))
            at = (at + 1) & (_buckets.Length - 1);
        return at;
    }

    /// <summary>An id is ASCII; what a damaged or foreign log may hold beside is compared as it stands.</summary>
    private static bool IsAlike(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceEqual(right) || Ascii.EqualsIgnoreCase(left, right);

    private static int Hash(ReadOnlySpan<byte> id)
    {
        const int MostOnStack = 256;
        var hash = new HashCode();
        Span<byte> lower = stackalloc byte[MostOnStack];
        if (id.Length <= MostOnStack && Ascii.ToLower(id, lower, out var written) == OperationStatus.Done)
            hash.AddBytes(lower[..written]);
        else
            hash.AddBytes(id);
        return hash.ToHashCode();
    }
}
