using System.Globalization;
using System.Text;
using ConversationHub.Store.Disk;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Peers;

/// <summary>
/// Keeps live nonces over a restart: <c>nonces.log</c> in the state root, a line each, on the disk before the request it belongs to has any effect.
/// Used by one thread at a time.
/// </summary>
internal sealed class NonceJournal(string path) : IDisposable
{
    /// <summary>When so many lines are in the file, and most of them forgotten, it is written anew.</summary>
    private const int RewriteFromLines = 4096;

    private FileStream? _file;
    private int _lines;

    /// <summary>Reads what is still live. A torn last line, and any other that is none of ours, counts for nothing.</summary>
    public NonceTable Read(DateTimeOffset now)
    {
        var table = new NonceTable();
        if (!File.Exists(path))
            return table;
        foreach (var line in File.ReadLines(path))
        {
            _lines++;
            var parts = line.Split(' ');
            if (parts.Length == 3 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var until)
                && until <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() && until > now.ToUnixTimeMilliseconds())
            {
                table.Add(parts[1], parts[2], DateTimeOffset.FromUnixTimeMilliseconds(until));
            }
        }

        return table;
    }

    /// <summary>Returns once the line is on the disk.</summary>
    /// <exception cref="IOException">It may or may not be.</exception>
    public void Append(string peer, string nonce, DateTimeOffset until, NonceTable live)
    {
        if (_lines >= RewriteFromLines && live.Count < _lines / 2)
            Rewrite(live);
        var isNew = !File.Exists(path);
        _file ??= OwnerOnlyFile.Open(path, FileMode.Append, FileAccess.Write);

        // A line break stands first as well: whatever a crash left of the line before, this one begins on its own.
        _file.Write(Encoding.ASCII.GetBytes($"\n{Line(peer, nonce, until)}\n"));
        _file.Flush(flushToDisk: true);
        if (isNew)
            DiskFolder.Sync(Path.GetDirectoryName(path)!);
        _lines += 2;
    }

    public void Dispose() => _file?.Dispose();

    private void Rewrite(NonceTable live)
    {
        _file?.Dispose();
        _file = null;
        var text = new StringBuilder();
        foreach (var (peer, nonce, until) in live.All)
            text.Append(Line(peer, nonce, until)).Append('\n');
        OwnerOnlyFile.Replace(path, text.ToString());
        _lines = live.Count;
    }

    private static string Line(string peer, string nonce, DateTimeOffset until) =>
        string.Create(CultureInfo.InvariantCulture, $"{until.ToUnixTimeMilliseconds()} {peer} {nonce}");
}
