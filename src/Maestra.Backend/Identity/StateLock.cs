namespace Maestra.Backend.Identity;

/// <summary>Keeps two processes from changing one file of the state root at once. The system drops the lock with the process.</summary>
internal sealed class StateLock : IDisposable
{
    private const int Tries = 400;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly FileStream _file;

    private StateLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock, ten seconds at most.</summary>
    /// <exception cref="IOException">The file cannot be made, or somebody held the lock all the while.</exception>
    public static async Task<StateLock> TakeAsync(string path, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                return new StateLock(new FileStream(path, options));
            }
            catch (IOException) when (tried < Tries && File.Exists(path))
            {
                // Another process is at it: that takes milliseconds. The pause is real time, whatever clock the program runs on.
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
