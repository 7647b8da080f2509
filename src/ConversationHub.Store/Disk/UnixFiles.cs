using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>The few calls of POSIX that the framework does not offer.</summary>
internal static partial class UnixFiles
{
    private const int InterruptedError = 4;
    private const int ReadOnly = 0;
    private const int WithoutWaitingOnLinux = 0x800;
    private const int WithoutWaitingOnMac = 0x4;
    private const int LockExclusive = 2;
    private const int LockWithoutWaiting = 4;
    private const int FullSync = 51;
    private const int InvalidOnMac = 22;
    private const int NotSupportedOnMac = 45;
    private const int CurrentFolder = -100;
    private const uint BirthTimeAsked = 0x800;
    private const int FileStatusBytes = 256;
    private const int MaskAt = 0;
    private const int BirthSecondsAt = 80;
    private const int BirthNanosecondsAt = 88;

    /// <summary>Linux only: <c>fdatasync</c>, which also writes the length of a file that grew.</summary>
    public static void DataSync(SafeFileHandle file)
    {
        while (DataSyncCall(file) != 0)
            ThrowUnlessInterrupted("fdatasync");
    }

    public static void SyncFolder(string path)
    {
        using var folder = OpenToRead(path);
        if (OperatingSystem.IsMacOS() && TrySyncThroughTheDrive(folder))
            return;
        while (SyncCall(folder) != 0)
            ThrowUnlessInterrupted("fsync of a folder");
    }

    /// <summary>macOS only: <c>F_FULLFSYNC</c>, since <c>fsync</c> leaves what it writes in the cache of the drive there.</summary>
    /// <returns>False on a file system that has none: plain <c>fsync</c> is then what there is.</returns>
    private static bool TrySyncThroughTheDrive(SafeFileHandle folder)
    {
        while (ControlCall(folder, FullSync) == -1)
        {
            if (Marshal.GetLastPInvokeError() is InvalidOnMac or NotSupportedOnMac)
                return false;
            ThrowUnlessInterrupted("F_FULLFSYNC of a folder");
        }

        return true;
    }

    /// <summary>Opens a file or folder without the framework's own locking, which would refuse a file another process holds.</summary>
    public static SafeFileHandle OpenToRead(string path) => Open(path, ReadOnly);

    /// <summary>The same, also of a pipe that nobody writes to.</summary>
    public static SafeFileHandle OpenToReadWithoutWaiting(string path) =>
        Open(path, ReadOnly | (OperatingSystem.IsMacOS() ? WithoutWaitingOnMac : WithoutWaitingOnLinux));

    private static SafeFileHandle Open(string path, int flags)
    {
        while (true)
        {
            var descriptor = OpenCall(path, flags);
            if (descriptor >= 0)
                return new SafeFileHandle(descriptor, ownsHandle: true);
            ThrowUnlessInterrupted("open");
        }
    }

    /// <summary>Takes the exclusive lock that the kernel drops with the process. False when another holds it.</summary>
    public static bool TryLock(SafeFileHandle file) => LockCall(file, LockExclusive | LockWithoutWaiting) == 0;

    /// <summary>
    /// Linux only: birth time of a file or folder. The framework gives the time of the last change in place of the birth time
    /// there, because it asks with <c>stat</c>, which does not tell it.
    /// </summary>
    /// <returns>Null where the file system or the kernel does not tell.</returns>
    public static (long Seconds, uint Nanoseconds)? BirthOf(string path)
    {
        Span<byte> status = stackalloc byte[FileStatusBytes];
        try
        {
            if (FileStatusCall(CurrentFolder, path, 0, BirthTimeAsked, ref MemoryMarshal.GetReference(status)) != 0)
                return null;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return null;
        }

        if ((MemoryMarshal.Read<uint>(status[MaskAt..]) & BirthTimeAsked) == 0)
            return null;
        return (MemoryMarshal.Read<long>(status[BirthSecondsAt..]), MemoryMarshal.Read<uint>(status[BirthNanosecondsAt..]));
    }

    private static void ThrowUnlessInterrupted(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != InterruptedError)
            throw new IOException($"{call} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncCall(SafeFileHandle file);

    /// <summary>For commands without a third argument: where there is one it is taken in another way on each platform.</summary>
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlCall(SafeFileHandle file, int command);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSyncCall(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int LockCall(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileStatusCall(int folder, string path, int flags, uint asked, ref byte status);
}
