using ConversationHub.Store.Log;

namespace ConversationHub.Store.Views;

/// <summary>
/// An empty file that says that the store was closed with every file beside the log written.
/// Without it the process died, and any of them may be behind.
/// </summary>
internal static class CleanMark
{
    public static void Set(LogFolder folder)
    {
        using var file = Disk.PhysicalDisk.Instance.Open(folder.Clean);
    }

    /// <summary>Removes it for good: one that came back with the power would call files current that are behind, those of erased conversations among them.</summary>
    /// <returns>False when it was not there.</returns>
    public static bool TryRemove(LogFolder folder, Disk.IDisk disk)
    {
        if (!File.Exists(folder.Clean))
            return false;
        File.Delete(folder.Clean);
        disk.FlushFolder(folder.Log);
        return true;
    }
}
