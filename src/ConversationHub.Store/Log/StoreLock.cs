using System.Globalization;
using System.Text;
using ConversationHub.Store.Disk;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Log;

/// <summary>
/// Keeps a store to one process: an exclusive lock of the kernel's, which ends with the process however it ends.
/// The owner's pid in the file is for people only.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private const int MaxPidBytes = 32;
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private readonly SafeFileHandle _file;

    private StoreLock(SafeFileHandle file) => _file = file;

    /// <returns>Null when another process, or another store in this one, holds it.</returns>
    public static StoreLock? TryTake(string path)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            return null;
        }

        // The framework has taken the same lock, unless its locking is switched off by an environment variable.
        if (!OperatingSystem.IsWindows() && !UnixFiles.TryLock(file))
        {
            file.Dispose();
            return null;
        }

        OwnerOnly.File(path);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
        return new StoreLock(file);
    }

    /// <summary>The pid of the process that holds the lock, as it wrote it; null when it cannot be read.</summary>
    public static int? ReadOwner(string path)
    {
        try
        {
            using var file = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
                : UnixFiles.OpenToRead(path);
            Span<byte> text = stackalloc byte[MaxPidBytes];
            var read = RandomAccess.Read(file, text, 0);
            return int.TryParse(Encoding.ASCII.GetString(text[..read]).AsSpan().Trim(), CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (IOException)
        {
            // Only the pid in an error text is lost.
            return null;
        }
    }

    public void Dispose()
    {
        // A pid that is no owner's any more would only mislead.
        RandomAccess.SetLength(_file, 0);
        _file.Dispose();
    }
}
