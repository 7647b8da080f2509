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
            // Waited for in a way that does it here when no thread of the pool is free to.
            other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }

        other.GetAwaiter().GetResult();
    }
}
