using Maestra.Backend.Identity;

namespace Maestra.Backend.Files;

/// <summary>
/// A file of lines that is only appended to, readable by its owner alone (0600). When it would grow beyond its limit it becomes
/// <c>{path}.1</c>, that becomes <c>.2</c> and so on, and the oldest goes. Not thread-safe: one writer owns it.
/// </summary>
/// <remarks>
/// A process killed while it wrote leaves a torn last line, which the next opening cuts off; a write that failed half-way (a full disk)
/// is cut off before the next. So every line that is there is whole.
/// </remarks>
internal sealed class RotatingFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int ScanBytes = 4096;
    private const byte LineEnd = (byte)'\n';

    private readonly long _maxBytes;
    private readonly int _maxFiles;
    private readonly Func<string, FileStream> _open;
    private FileStream? _file;
    private long _length;

    private RotatingFile(string path, long maxBytes, int maxFiles, Func<string, FileStream> open)
    {
        Path = path;
        (_maxBytes, _maxFiles, _open) = (maxBytes, maxFiles, open);
    }

    public string Path { get; }

    /// <summary>Bytes of a torn last line that the opening cut off.</summary>
    public long TornBytes { get; private set; }

    /// <summary>Opens the file, and makes it and its folder when they are absent.</summary>
    /// <param name="open">Null: from the disk.</param>
    /// <exception cref="IOException">It cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be used.</exception>
    public static RotatingFile Open(string path, long maxBytes, int maxFiles, Func<string, FileStream>? open = null)
    {
        var file = new RotatingFile(path, maxBytes, maxFiles, open ?? OpenStream);
        PrivateFolder.Make(System.IO.Path.GetDirectoryName(path)!);
        file.Reopen();
        return file;
    }

    /// <summary>The files there are, oldest first.</summary>
    public static IReadOnlyList<string> Existing(string path, int maxFiles) =>
        [.. Enumerable.Range(0, maxFiles).Reverse().Select(number => Numbered(path, number)).Where(File.Exists)];

    /// <summary>True when the oldest may have gone: once all numbers were taken, the last one always is, also within a rotation.</summary>
    public static bool MayHaveLost(string path, int maxFiles) => File.Exists(Numbered(path, maxFiles - 1));

    public static string Numbered(string path, int number) => number == 0 ? path : $"{path}.{number}";

    /// <summary>Appends whole lines, all or none of them.</summary>
    /// <param name="toDisk">Whether to wait until they survive a loss of power as well.</param>
    /// <exception cref="IOException">None of them is there.</exception>
    public void Append(ReadOnlySpan<byte> lines, bool toDisk)
    {
        var file = _file ?? Reopen();

        // Something else is behind the last good line only after a write that failed half-way; a file that is moved on must not end with it.
        if (file.Length != _length)
            file.SetLength(_length);
        if (_length > 0 && _length + lines.Length > _maxBytes)
            file = Rotate();
        file.Position = _length;
        file.Write(lines);
        file.Flush(toDisk);
        _length += lines.Length;
    }

    /// <summary>Lets go of the file, so that its owner may replace it; the next append opens it again.</summary>
    public void Release()
    {
        _file?.Dispose();
        _file = null;
    }

    public void Dispose() => Release();

    private static FileStream OpenStream(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    private FileStream Reopen()
    {
        var file = _open(Path);
        var whole = EndOfLastLine(file);
        if (whole < file.Length)
        {
            TornBytes += file.Length - whole;
            file.SetLength(whole);
        }

        _length = whole;
        return _file = file;
    }

    private FileStream Rotate()
    {
        Release();

        // Up to the first free number: a kill within an earlier rotation left a gap, and going beyond it would cost one file more.
        var free = Enumerable.Range(1, _maxFiles - 1).FirstOrDefault(number => !File.Exists(Numbered(Path, number)), _maxFiles - 1);
        for (var number = free - 1; number >= 0; number--)
            File.Move(Numbered(Path, number), Numbered(Path, number + 1), overwrite: true);

        return Reopen();
    }

    private static long EndOfLastLine(FileStream file)
    {
        var chunk = new byte[ScanBytes];
        for (var end = file.Length; end > 0;)
        {
            var start = Math.Max(0, end - ScanBytes);
            file.Position = start;
            var read = file.ReadAtLeast(chunk.AsSpan(0, (int)(end - start)), (int)(end - start), throwOnEndOfStream: false);
            var found = chunk.AsSpan(0, read).LastIndexOf(LineEnd);
            if (found >= 0)
                return start + found + 1;
            end = start;
        }

        return 0;
    }
}
