namespace ConversationHub.Store.Search;

/// <summary>
/// Sixty-four bits that stand for a term in the index, the same on every machine and in every version: so no word of a message is written
/// beside the log, and entries are of one size. FNV-1a over the UTF-16 units, mixed as MurmurHash3 ends. Two of a million words collide
/// with a chance of one in 37 million, and would then be found for each other.
/// </summary>
internal static class TermHash
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;
    private const ulong Mix1 = 0xff51afd7ed558ccd;
    private const ulong Mix2 = 0xc4ceb9fe1a85ec53;
    private const int Shift = 33;

    public static ulong Of(ReadOnlySpan<char> term)
    {
        var hash = FnvOffset;
        foreach (var unit in term)
            hash = (hash ^ unit) * FnvPrime;
        hash = (hash ^ (hash >> Shift)) * Mix1;
        hash = (hash ^ (hash >> Shift)) * Mix2;
        return hash ^ (hash >> Shift);
    }
}
