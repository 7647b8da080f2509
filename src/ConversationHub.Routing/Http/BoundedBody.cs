using System.Buffers;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// A response body up to the limit of <see cref="WireLimits.ResponseBodyBytes"/>, whatever its headers promise, in a buffer that goes
/// back when it is disposed: who reads it copies what is to stay. Disposed once.
/// </summary>
internal readonly struct BoundedBody : IDisposable
{
    private const int FirstReadBytes = 16 * 1024;

    /// <summary>Larger buffers are left to the collector: rare as they are, the pool would keep them for good.</summary>
    private const int MaxPooledBytes = 64 * 1024;

    private readonly byte[]? _buffer;
    private readonly int _length;

    private BoundedBody(byte[] buffer, int length) => (_buffer, _length) = (buffer, length);

    /// <summary>It is larger than the limit, and was not read to its end.</summary>
    public bool IsTooLarge => _buffer is null;

    /// <summary>All of it; nothing when it is too large.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <param name="content">Its headers have come.</param>
    /// <param name="signs">Told of each piece that arrives: whoever sends it is alive.</param>
    /// <exception cref="IOException">The connection broke off.</exception>
    public static async ValueTask<BoundedBody> ReadAsync(HttpContent content, IReplySigns? signs, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > WireLimits.ResponseBodyBytes)
            return default;
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            // One byte more than promised, so that the read that finds the end needs no larger buffer.
            var buffer = ArrayPool<byte>.Shared.Rent((int)(content.Headers.ContentLength ?? FirstReadBytes) + 1);
            var length = 0;
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    return new BoundedBody(buffer, length);
                signs?.Piece();
                length += read;
                if (length > WireLimits.ResponseBodyBytes)
                    return default;
                if (length == buffer.Length)
                    buffer = Larger(buffer);
            }
        }
    }

    public void Dispose()
    {
        if (_buffer is { Length: <= MaxPooledBytes })
            ArrayPool<byte>.Shared.Return(_buffer);
    }

    private static byte[] Larger(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(2 * full.Length);
        full.CopyTo(larger, 0);
        return larger;
    }
}
