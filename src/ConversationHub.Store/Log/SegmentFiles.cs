using System.Buffers;
using System.Collections.Concurrent;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Log;

/// <summary>
/// The open segments. A segment that compaction has written anew is a new file under a new key, and the old one stays readable for a while,
/// for those who took a place in it before. Reading is thread-safe; the rest too.
/// </summary>
internal sealed class SegmentFiles(LogFolder folder, IDisk disk, TimeProvider time) : IDisposable
{
    /// <summary>Keys below are segment numbers.</summary>
    private const int FirstCompactedKey = 1 << 30;

    private static readonly TimeSpan RetiredFor = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<int, SegmentFile> _files = new();

    /// <summary>Which key has the file that bears the segment's name; a segment that was never written anew has its number.</summary>
    private readonly ConcurrentDictionary<int, int> _current = new();
    private readonly List<(int Key, long Since)> _retired = [];
    private int _lastKey = FirstCompactedKey;

    /// <summary>Opens a segment, and makes it when it is absent. Its key is its number.</summary>
    public SafeFileHandle Open(int number)
    {
        if (!_files.TryGetValue(number, out var file))
            _files[number] = file = new SegmentFile(number, disk.Open(folder.Segment(number)));
        return file.Handle;
    }

    public SegmentFile this[int key] => _files[key];

    public int CurrentKey(int number) => _current.TryGetValue(number, out var key) ? key : number;

    /// <summary>False when another file has taken the name of this one.</summary>
    public bool IsCurrent(int key) => _files.TryGetValue(key, out var file) && CurrentKey(file.Number) == key;

    /// <summary>For people: the number that stands in the file's name.</summary>
    public int NumberOf(int key) => _files.TryGetValue(key, out var file) ? file.Number : key;

    /// <summary>Takes a segment that was written anew, already under its name.</summary>
    /// <returns>Its key.</returns>
    public int Add(int number, SafeFileHandle handle)
    {
        lock (_gate)
        {
            var key = ++_lastKey;
            _files[key] = new SegmentFile(number, handle);
            _current[number] = key;
            return key;
        }
    }

    /// <summary>A file that new readers do not find any more. It stays open for those who took a place in it before.</summary>
    public void Retire(int key)
    {
        lock (_gate)
            _retired.Add((key, time.GetTimestamp()));
    }

    /// <summary>Closes what was retired long enough ago for every reader to be done.</summary>
    public void CloseRetired()
    {
        lock (_gate)
        {
            foreach (var (key, since) in _retired)
            {
                if (time.GetElapsedTime(since) >= RetiredFor && _files.TryRemove(key, out var file))
                    file.Handle.Dispose();
            }

            _retired.RemoveAll(one => !_files.ContainsKey(one.Key));
        }
    }

    /// <summary>Reads one line and checks it.</summary>
    /// <returns>False when the bytes are not those that were written.</returns>
    public bool TryRead(LineLocation location, out StoredOperation? operation, out OperationContent? content)
    {
        operation = null;
        content = null;
        var buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            var line = buffer.AsSpan(0, location.Length);
            if (!TryReadBytes(location, line) || LogLine.TryRead(line, names: null, out operation, out var body) != LineRead.Good)
                return false;
            content = OperationContent.TryRead(operation!.Kind, line[body]);
            return content is not null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads lines that stand close together (<see cref="LineGroup"/>) at once, and checks each.</summary>
    /// <param name="seen">Called for each, in order.</param>
    /// <returns>False when the bytes of one are not those that were written; those before it were seen.</returns>
    public bool TryReadGroup(ReadOnlySpan<LineLocation> group, NamePool names, Action<StoredOperation, OperationContent> seen)
    {
        var start = group[0].Offset;
        var length = group[^1].Offset + group[^1].Length - start;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = buffer.AsSpan(0, length);
            if (!TryReadBytes(new LineLocation(group[0].Segment, start, length), bytes))
                return false;
            foreach (var place in group)
            {
                var line = bytes.Slice(place.Offset - start, place.Length);
                if (LogLine.TryRead(line, names, out var operation, out var body) != LineRead.Good
                    || OperationContent.TryRead(operation!.Kind, line[body]) is not { } content)
                {
                    return false;
                }

                seen(operation, content);
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Checks one line and makes nothing of it.</summary>
    public bool IsIntact(LineLocation location)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            var line = buffer.AsSpan(0, location.Length);
            return TryReadBytes(location, line) && ChecksumLine.IsIntact(line);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Handle.Dispose();
    }

    private bool TryReadBytes(LineLocation location, Span<byte> line)
    {
        if (!_files.TryGetValue(location.Segment, out var file))
            return false;
        var read = 0;
        while (read < line.Length)
        {
            var got = RandomAccess.Read(file.Handle, line[read..], location.Offset + read);
            if (got == 0)
                return false;
            read += got;
        }

        return true;
    }
}

/// <param name="Number">Of the segment.</param>
internal sealed record SegmentFile(int Number, SafeFileHandle Handle);
