namespace Maestra.Backend.Files;

/// <summary>Takes lines out of a file: a new file without them is flushed and then put in its place, so that a crash leaves one or the other.</summary>
internal static class LineEraser
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="IOException">The file is as it was.</exception>
    public static void Erase(string path, Predicate<string> isErased)
    {
        if (!File.ReadLines(path).Any(line => isErased(line)))
            return;
        var temporary = path + ".tmp";
        try
        {
            Write(temporary, File.ReadLines(path).Where(line => !isErased(line)));
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void Write(string path, IEnumerable<string> lines)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new FileStream(path, options);
        using (var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" })
        {
            foreach (var line in lines)
                writer.WriteLine(line);
        }

        file.Flush(flushToDisk: true);
    }
}
