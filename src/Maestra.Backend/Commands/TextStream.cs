using System.Text;

namespace Maestra.Backend.Commands;

/// <summary>Takes UTF-8 and writes it as text, piece by piece: what is longer than memory can go where only text goes.</summary>
internal sealed class TextStream(TextWriter output) : Stream
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Span<char> text = stackalloc char[1024];
        while (!buffer.IsEmpty)
        {
            // What is left of a character that a piece cuts through stays in the decoder.
            _decoder.Convert(buffer, text, flush: false, out var bytes, out var chars, out _);
            output.Write(text[..chars]);
            buffer = buffer[bytes..];
        }
    }

    public override void Flush() => output.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
