using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>Reads a file that somebody else put there, which may be a pipe that never ends or be longer than memory.</summary>
internal static class RegularFile
{
    /// <param name="problem">Why it cannot be read.</param>
    /// <returns>Null when there is a problem.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public static byte[]? TryRead(string path, long maxBytes, out string? problem)
    {
        problem = null;
        using var file = Open(path);
        if (LengthOf(file) is not { } length)
        {
            problem = "no regular file";
            return null;
        }

        if (length > maxBytes)
        {
            problem = $"longer than {maxBytes} bytes";
            return null;
        }

        var bytes = new byte[length];
        for (var read = 0; read < bytes.Length;)
        {
            var chunk = RandomAccess.Read(file, bytes.AsSpan(read), read);

            // Cut short since its length was asked for: what is there is read.
            if (chunk == 0)
                return bytes[..read];
            read += chunk;
        }

        return bytes;
    }

    /// <summary>True of a regular file that ends so; no more of it is read.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static bool EndsWith(string path, ReadOnlySpan<byte> ending)
    {
        using var file = Open(path);
        Span<byte> last = stackalloc byte[ending.Length];
        return LengthOf(file) is { } length && length >= ending.Length
            && RandomAccess.Read(file, last, length - ending.Length) == ending.Length && ending.SequenceEqual(last);
    }

    /// <summary>Opening a pipe to read would wait until somebody writes to it.</summary>
    private static SafeFileHandle Open(string path) => OperatingSystem.IsWindows()
        ? File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete)
        : UnixFiles.OpenToReadWithoutWaiting(path);

    /// <returns>Null of what has no length, such as a pipe.</returns>
    private static long? LengthOf(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file);
        }
        catch (NotSupportedException)
        {
            // Told by the result.
            return null;
        }
    }
}
