using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>Writes a file from its beginning on, for content that is too long to be made in memory first.</summary>
internal sealed class DiskStream(SafeFileHandle file, IDisk disk) : Stream
{
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _written;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        disk.Write(file, buffer, _written);
        _written += buffer.Length;
    }

    /// <summary>Nothing is kept back; what makes it durable is <see cref="IDisk.Flush"/>.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
