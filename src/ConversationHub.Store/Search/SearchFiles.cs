using System.Globalization;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Search;

/// <summary>Names of the search files, <c>log/search/{first}-{one after the last}.idx</c>, and which of them go together.</summary>
internal sealed class SearchFiles(LogFolder folder)
{
    public const string Extension = ".idx";

    public string Path(int from, int to) =>
        System.IO.Path.Combine(folder.Search, string.Create(CultureInfo.InvariantCulture, $"{from:D10}-{to:D10}{Extension}"));

    public void MakeFolder() => OwnerOnly.Folder(folder.Search);

    /// <summary>Removes every file, as before everything is indexed anew.</summary>
    public void DeleteAll()
    {
        if (!Directory.Exists(folder.Search))
            return;
        foreach (var path in Directory.EnumerateFiles(folder.Search))
            File.Delete(path);
    }

    /// <summary>
    /// Finds the files that are whole by what they say of themselves and do not overlap, the widest first: after a crash between writing a merged
    /// file and deleting its parts both are there. The others are deleted.
    /// </summary>
    public IReadOnlyList<FoundSearchFile> Find(Action<string> damaged)
    {
        if (!Directory.Exists(folder.Search))
            return [];
        var taken = new List<FoundSearchFile>();
        foreach (var path in Directory.EnumerateFiles(folder.Search).OrderByDescending(static path => new FileInfo(path).Length))
        {
            if (!path.EndsWith(Extension, StringComparison.Ordinal))
            {
                File.Delete(path);
                continue;
            }

            if (DiskSegment.TryReadHeader(path) is not { } header)
            {
                damaged(System.IO.Path.GetFileName(path));
                File.Delete(path);
            }
            else if (taken.Exists(other => header.From < other.Header.To && other.Header.From < header.To))
            {
                File.Delete(path);
            }
            else
            {
                taken.Add(new FoundSearchFile(path, header));
            }
        }

        return [.. taken.OrderBy(static file => file.Header.From)];
    }
}

/// <summary>A search file of an earlier run of which only the header was read.</summary>
internal readonly record struct FoundSearchFile(string Path, SegmentHeader Header);
