using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Ends a streamed response in which an event grows beyond <see cref="WireLimits.ResponseBodyBytes"/>, or all of them together beyond
/// <see cref="MaxBytes"/>: a legal reply that comes word by word is many times its size on the wire. Reads only.
/// </summary>
internal sealed class CountingStream(Stream inner) : Stream
{
    /// <summary>A reply of <see cref="WireLimits.ReplyBytes"/> in pieces of one byte, each with its frame, and an hour of heartbeats.</summary>
    public const long MaxBytes = 64 << 20;

    private long _read;
    private long _before;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">A limit is passed.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _read += read;
        if (_read - _before > WireLimits.ResponseBodyBytes)
            throw new InvalidDataException($"the reply is larger than {WireLimits.ResponseBodyBytes} bytes");
        if (_read > MaxBytes)
            throw new InvalidDataException($"the stream is larger than {MaxBytes} bytes");
        return read;
    }

    /// <summary>An event has been read to its end: the next one begins, if not with the bytes already read then with those that follow.</summary>
    public void NextEvent() => _before = _read;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
