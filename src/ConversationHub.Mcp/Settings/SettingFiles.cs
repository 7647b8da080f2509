namespace ConversationHub.Mcp.Settings;

/// <summary>Reads one of the few small files that settings name; null when there is no such file.</summary>
/// <exception cref="IOException">It cannot be read, or is larger than <paramref name="maxBytes"/>.</exception>
/// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
internal delegate byte[]? ReadSettingFile(string path, int maxBytes);

/// <summary>The files of the machine.</summary>
internal static class SettingFiles
{
    /// <inheritdoc cref="ReadSettingFile"/>
    internal static byte[]? Read(string path, int maxBytes)
    {
        // Asked first: no file is the usual case, and an exception costs a start several milliseconds. By its attributes, which throw where
        // Path.Exists would say that there is none: behind a folder that may not be entered a file may stand that forbids the cloud.
        const int None = -1;
        if ((int)new FileInfo(path).Attributes == None)
            return null;
        try
        {
            using var file = File.OpenRead(path);

            // Not by its length: that of a pipe or of a file under /proc or /dev is zero.
            var bytes = new byte[maxBytes + 1];
            var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= maxBytes ? bytes[..count] : throw new IOException($"it is larger than {maxBytes} bytes");
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
