using System.Text.Json;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Origins;

/// <summary>
/// How many operations of this backend's own streams had been made when some of them last left for a peer: one checksummed line in
/// <c>log/sent.json</c> (docs/decisions/0072). A store that holds fewer was put back from a backup, whatever the folder's time of birth says.
/// The line also names the birth of the file it stands in, which is another one in any copy: each writing makes a new file.
/// </summary>
/// <param name="BackendId">Whose streams.</param>
/// <param name="Operations">Sum of the greatest sequence numbers of those streams. It never falls.</param>
/// <param name="Born">When the file was made (<see cref="BirthMark"/>); empty where that is not known.</param>
internal sealed record SentMark(string BackendId, long Operations, string Born)
{
    /// <returns>Null when the file is absent or damaged: nothing is known then.</returns>
    public static SentMark? TryRead(string path)
    {
        if (!File.Exists(path) || ChecksumFile.TryRead(path) is not { } bytes)
            return null;
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        return root.TryGetProperty("backend_id", out var backend) && root.TryGetProperty("operations", out var operations) && root.TryGetProperty("born", out var born)
            ? new SentMark(backend.GetString()!, operations.GetInt64(), born.GetString()!)
            : null;
    }

    /// <summary>
    /// Makes the file anew. Not synced: what a power cut takes is the latest word, which matters only for a backup that is put back later,
    /// and an exchange is not to wait for the disk.
    /// </summary>
    /// <exception cref="IOException">It is as it was.</exception>
    public static void Write(string path, string backendId, long operations)
    {
        var temporary = path + AtomicFile.TemporarySuffix;
        File.Delete(temporary);
        using (var file = File.Create(temporary))
        {
            file.Write(ChecksumFile.Line(json =>
            {
                json.WriteString("backend_id"u8, backendId);
                json.WriteNumber("operations"u8, operations);
                json.WriteString("born"u8, BirthMark.OfFile(temporary));
            }));
        }

        OwnerOnly.File(temporary);
        File.Move(temporary, path, overwrite: true);
    }

    /// <param name="backendId">Of the store that was opened.</param>
    /// <param name="operations">What it holds.</param>
    /// <param name="born">Of the file that this was read from.</param>
    /// <returns>Null when the store goes on where it was left, else why it does not, for the log.</returns>
    public string? WhyPutBack(string backendId, long operations, string born) =>
        BackendId == backendId && operations < Operations ? "the store holds less than its peers have got from it, as one put back from a backup does"
        : Born.Length > 0 && born.Length > 0 && Born != born ? "log/sent.json is a copy, as in a store put back from a backup"
        : null;
}
