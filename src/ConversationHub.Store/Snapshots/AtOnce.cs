namespace ConversationHub.Store.Snapshots;

/// <summary>Two things that do not touch each other, done at once: a start is waited for, and most machines have a second core.</summary>
internal static class AtOnce
{
    /// <summary>Returns when both have ended, whatever became of them; the exception of either is thrown then.</summary>
    public static void Run(Action here, Action beside)
    {
        var other = Task.Run(beside);
        try
        {
            here();
        }
        finally
        {
            Task.WaitAny(other);
        }

        other.GetAwaiter().GetResult();
    }
}
