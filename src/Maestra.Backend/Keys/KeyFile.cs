using Maestra.Backend.Identity;

namespace Maestra.Backend.Keys;

/// <summary>Reads and replaces a keys file. The one class that touches it.</summary>
internal sealed class KeyFile(string path)
{
    public const int MaxBytes = 1 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int LockTries = 100;
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(50);

    // Secrets that are mounted are often links: a change replaces the file behind, never the link, and the link itself may be
    // moved to another file at any time, so that it is followed anew each time.
    private string Target => Resolve(Path);

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>What changes whenever the file is replaced or written to; null when there is none.</summary>
    public (string Target, DateTime WrittenAt, long Length)? Stamp()
    {
        var file = new FileInfo(Target);
        return file.Exists ? (file.FullName, file.LastWriteTimeUtc, file.Length) : null;
    }

    /// <returns>Empty when there is no file.</returns>
    /// <exception cref="IOException">It cannot be read, or is larger than <see cref="MaxBytes"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public string Read() => Read(Target);

    /// <summary>
    /// Changes the file under a lock, so that no two commands lose each other's change, and atomically:
    /// a reader sees the old text or the new one. It is for its owner only (0600) afterwards.
    /// </summary>
    /// <param name="change">Old text to new; null leaves the file as it is.</param>
    /// <exception cref="IOException">It cannot be read or written, or another command holds it for too long.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public async Task ChangeAsync(Func<string, string?> change, TimeProvider time, CancellationToken cancellationToken)
    {
        var target = Target;
        PrivateFolder.Make(System.IO.Path.GetDirectoryName(target)!);
        await using var held = await LockAsync(target, time, cancellationToken);
        if (change(Read(target)) is { } text)
            OwnerOnlyFile.Replace(target, text);
    }

    private static string Read(string target)
    {
        if (!File.Exists(target))
            return "";
        return new FileInfo(target).Length <= MaxBytes
            ? File.ReadAllText(target)
            : throw new IOException($"{target} is larger than {MaxBytes} bytes; it is no keys file");
    }

    private static async Task<FileStream> LockAsync(string target, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return Lock($"{target}.lock");
            }
            catch (IOException) when (tries < LockTries && File.Exists($"{target}.lock"))
            {
                await Task.Delay(LockRetry, time, cancellationToken);
            }
        }
    }

    private static FileStream Lock(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    private static string Resolve(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
    }
}
