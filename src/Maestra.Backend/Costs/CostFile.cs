using ConversationHub.Store;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Costs;

/// <summary>Reads and replaces <c>maestra_cost_tracker.json</c> in the state root. One call at a time in this process; others are kept out by a lock.</summary>
internal sealed class CostFile(string stateRoot, TimeProvider time)
{
    public const string Name = "maestra_cost_tracker.json";
    private const string LockName = "maestra_cost_tracker.lock";
    private const int MaxBytes = 1 << 20;
    private const int LockTries = 400;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(5);

    private readonly string _path = Path.Combine(stateRoot, Name);

    /// <param name="refusal">Why it cannot be read, with its path, and what to do.</param>
    /// <returns>Empty when there is no file yet; null when it cannot be read.</returns>
    public CostBook? Read(out string? refusal)
    {
        refusal = null;
        try
        {
            if (!File.Exists(_path))
                return new CostBook();
            string? error;
            CostBook? book = null;
            if (new FileInfo(_path).Length > MaxBytes)
                error = $"is larger than {MaxBytes} bytes";
            else
                book = CostBook.Parse(File.ReadAllBytes(_path), out error);
            if (book is null)
                refusal = $"{_path} {error}. What was spent is then not known: repair the file, or remove it to begin at 0.";
            return book;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refusal = $"{_path} cannot be read: {e.Message}";
            return null;
        }
    }

    /// <summary>Reads the file, lets it be changed, and writes it when it was. On the disk when it returns without a failure; unchanged otherwise.</summary>
    /// <param name="change">Returns false when there is nothing to write.</param>
    /// <returns>Null, or what went wrong.</returns>
    public async Task<string?> UpdateAsync(Func<CostBook, bool> change)
    {
        try
        {
            PrivateFolder.Make(stateRoot);
            using var held = await LockAsync();
            if (held is null)
                return $"{LockName} is held by another process";
            if (Read(out var refusal) is not { } book)
                return refusal;
            if (change(book))
                DurableFile.Replace(_path, book.Write());
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{_path} cannot be written: {e.Message}";
        }
    }

    /// <summary>The kernel lets it go with the process, so that a crash locks nobody out.</summary>
    /// <returns>Null when another process does not let it go.</returns>
    private async Task<FileStream?> LockAsync()
    {
        var path = Path.Combine(stateRoot, LockName);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException) when (tries < LockTries && File.Exists(path))
            {
                await Task.Delay(LockPause, time);
            }
            catch (IOException) when (File.Exists(path))
            {
                return null;
            }
        }
    }
}
