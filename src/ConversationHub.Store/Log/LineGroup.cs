using ConversationHub.Store.Index;

namespace ConversationHub.Store.Log;

/// <summary>Decides which lines one read brings: the messages of a conversation that was busy stand close together, and a read costs more than the bytes between.</summary>
internal static class LineGroup
{
    /// <summary>Bytes of others between two lines that are read along.</summary>
    public const int MostBetweenBytes = 1 << 11;

    /// <summary>Of one read; a line that is longer is read alone.</summary>
    public const int MostBytes = 1 << 17;

    /// <returns>How many of the places, from the first on, are read together: at least one.</returns>
    public static int CountOfFirst(ReadOnlySpan<LineLocation> places)
    {
        var count = 1;
        while (count < places.Length && IsNear(places[count - 1], places[count]) && End(places[count]) - places[0].Offset <= MostBytes)
            count++;
        return count;
    }

    private static bool IsNear(LineLocation before, LineLocation next) =>
        next.Segment == before.Segment && next.Offset - End(before) is >= 0 and <= MostBetweenBytes;

    private static long End(LineLocation place) => (long)place.Offset + place.Length;
}
