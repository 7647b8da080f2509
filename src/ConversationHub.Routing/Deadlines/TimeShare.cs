namespace ConversationHub.Routing;

/// <summary>How the time left is shared among the targets still to be asked (design.md §4).</summary>
internal static class TimeShare
{
    /// <summary>The most that is kept back for the next target.</summary>
    public static readonly TimeSpan MaxReserve = TimeSpan.FromSeconds(20);

    /// <summary>With less than this left a target is not asked: no answer could come in time.</summary>
    public static readonly TimeSpan LeastUsable = TimeSpan.FromMilliseconds(20);

    /// <summary>The time a target may use: all that is left, less a reserve of half of it, at most 20 s, if another target may follow.</summary>
    public static TimeSpan For(TimeSpan remaining, bool anotherMayFollow)
    {
        if (!anotherMayFollow)
            return remaining;
        var half = remaining / 2;
        return remaining - (half < MaxReserve ? half : MaxReserve);
    }
}
