using System.Globalization;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Listening;

/// <summary>
/// Tells hubs of this user where the local backend listens (wire.md §5): decimal and newline, written after binding, removed at stop.
/// Every local backend writes it, on whatever port; the latest started one wins, and none removes what another wrote.
/// </summary>
internal sealed class PortFile(string path)
{
    /// <summary>The root is the home of a user who has none, as in a container: no hub of theirs looks there, so there is nothing to tell.</summary>
    private bool IsNobodys => Path.GetDirectoryName(Path.GetDirectoryName(path)) is { } home && home == Path.GetPathRoot(home);

    /// <returns>Null, or why it could not be written: hubs then still find the usual ports by probing.</returns>
    public string? Write(int port)
    {
        try
        {
            PrivateFolder.Make(Path.GetDirectoryName(path)!);
            var temporary = $"{path}.{Environment.ProcessId}.tmp";
            File.WriteAllText(temporary, Content(port));
            File.Move(temporary, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return IsNobodys ? null : e.Message;
        }
    }

    /// <returns>Null, or why it could not be removed.</returns>
    public string? Remove(int port)
    {
        try
        {
            if (File.Exists(path) && File.ReadAllText(path) == Content(port))
                File.Delete(path);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static string Content(int port) => port.ToString(CultureInfo.InvariantCulture) + "\n";
}
