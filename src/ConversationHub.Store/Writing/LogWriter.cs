using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Writing;

/// <summary>Appends batches to the newest segment. Used by one thread.</summary>
internal sealed class LogWriter(LogFolder folder, SegmentFiles files, IDisk disk, int segment, long length)
{
    /// <summary>A batch that would make a segment longer goes to a new one.</summary>
    public const long SegmentBytes = 64L << 20;

    private const int RoomBytes = 1 << 20;

    private SafeFileHandle? _file;
    private int _segment = segment;
    private long _length = length;
    private bool _ended;

    /// <summary>Writes the bytes, and syncs nothing. Either all stand there or the segment is as it was.</summary>
    /// <returns>Where the first byte stands.</returns>
    /// <exception cref="IOException">Nothing was appended.</exception>
    /// <exception cref="SegmentUnknownException">What was appended could not be cut away again.</exception>
    public LineLocation Append(ReadOnlySpan<byte> batch)
    {
        if (_file is null || _ended || (_length > 0 && _length + batch.Length > SegmentBytes))
            Roll(isFirst: _file is null && !_ended);
        try
        {
            disk.Write(_file!, batch, _length);
        }
        catch (IOException)
        {
            CutBack();
            throw;
        }

        var at = new LineLocation(_segment, (int)_length, batch.Length);
        _length += batch.Length;
        return at;
    }

    /// <exception cref="IOException">Whether the last batches are on the disk is not known.</exception>
    public void Sync() => disk.Flush(_file!);

    /// <summary>Tries whether a file of some size can be written now.</summary>
    public bool HasRoom()
    {
        var path = Path.Combine(folder.Log, "room" + AtomicFile.TemporarySuffix);
        try
        {
            using (var file = disk.Open(path))
            {
                disk.Write(file, new byte[RoomBytes], 0);
                disk.Flush(file);
            }

            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Still none: told by the result.
            return false;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Lets the next batch begin a new segment, if this one holds anything.</summary>
    public void EndSegment() => _ended = _length > 0;

    private void Roll(bool isFirst)
    {
        var next = isFirst ? _segment : _segment + 1;
        var file = files.Open(next);
        try
        {
            disk.FlushFolder(folder.Log);
        }
        catch (IOException error)
        {
            // The kernel tells of it once: asked again it would say that all is well, and the segment's name may not be on the disk.
            throw new SegmentUnknownException("The name of a new segment could not be synced.", error);
        }

        _file = file;
        _length = isFirst ? _length : 0;
        _segment = next;
        _ended = false;
    }

    private void CutBack()
    {
        try
        {
            disk.SetLength(_file!, _length);
        }
        catch (IOException error)
        {
            throw new SegmentUnknownException("A part of a batch could not be cut away.", error);
        }
    }
}

/// <summary>The end of the newest segment is not known any more, so nothing may be appended.</summary>
internal sealed class SegmentUnknownException(string message, Exception inner) : IOException(message, inner);
