using System.Text.Json;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Housekeeping;

/// <summary>
/// Which segment <see cref="SegmentScrub"/> looks at next, one checksummed line in <c>log/scrub.json</c>: a backend that is restarted often gets
/// through a large store all the same. When it is lost, the check begins with the first segment.
/// </summary>
internal static class ScrubPlace
{
    private static ReadOnlySpan<byte> Segment => "segment"u8;

    /// <returns>Null when there is none, or it is damaged.</returns>
    public static int? TryRead(string path)
    {
        if (!File.Exists(path) || ChecksumFile.TryRead(path) is not { } bytes)
            return null;
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.TryGetProperty(Segment, out var segment) && segment.TryGetInt32(out var number) ? number : null;
    }

    /// <exception cref="IOException">It is as it was.</exception>
    public static void Write(string path, IDisk disk, int segment) =>
        ChecksumFile.Write(path, disk, json => json.WriteNumber(Segment, segment));
}
