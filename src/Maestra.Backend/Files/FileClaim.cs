namespace Maestra.Backend.Files;

/// <summary>
/// Makes sure that one process alone writes a file: <c>{path}.lock</c> is held as long as it does, and let go of by the
/// operating system if it dies.
/// </summary>
internal static class FileClaim
{
    /// <returns>To be disposed; null when another process holds it.</returns>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static IDisposable? TryTake(string path)
    {
        var claim = path + ".lock";
        try
        {
            Identity.PrivateFolder.Make(Path.GetDirectoryName(path)!);
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new FileStream(claim, options);
        }
        catch (IOException) when (File.Exists(claim))
        {
            return null;
        }
    }
}
