using System.Globalization;
using ConversationHub.Store.Disk;

namespace ConversationHub.Store.Origins;

/// <summary>
/// When a folder was made, as the file system says: a copy that was restored from a backup was made later than the folder it is a copy of,
/// and must not go on in its streams (wire.md §9.5). A disk image that is put back whole cannot be told so.
/// </summary>
internal static class BirthMark
{
    private static readonly DateTime LongAgo = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <returns>Empty where the file system keeps no such time.</returns>
    public static string Of(string folder) => OperatingSystem.IsLinux() ? OnLinux(folder) : Elsewhere(folder);

    /// <summary>The same of a file; known on Linux only.</summary>
    public static string OfFile(string path) => OperatingSystem.IsLinux() ? OnLinux(path) : "";

    /// <summary>Asked of the kernel: what the framework calls the creation time is the last change on Linux.</summary>
    private static string OnLinux(string path) => UnixFiles.BirthOf(path) is { } born
        ? string.Create(CultureInfo.InvariantCulture, $"{born.Seconds}.{born.Nanoseconds:D9}")
        : "";

    private static string Elsewhere(string folder)
    {
        // Where it is not kept, the runtime gives the time of the last change in its place, which this file shows.
        var probe = Path.Combine(folder, "birth" + AtomicFile.TemporarySuffix);
        try
        {
            File.WriteAllBytes(probe, []);
            File.SetLastWriteTimeUtc(probe, LongAgo);
            return File.GetCreationTimeUtc(probe) <= LongAgo
                ? ""
                : Directory.GetCreationTimeUtc(folder).Ticks.ToString(CultureInfo.InvariantCulture);
        }
        finally
        {
            File.Delete(probe);
        }
    }
}
