using System.Buffers;
using System.IO.Pipelines;

namespace Maestra.Backend.Http;

/// <summary>How far a body has come.</summary>
internal enum BodyProgress
{
    Arriving,
    Whole,

    /// <summary>Larger than its reader takes.</summary>
    TooLarge,

    /// <summary>All bodies together hold as much as they may.</summary>
    NoRoom,
}

/// <summary>The bytes of one body as they come in. Its memory is the body's own size where that was told, and grows with what came where not.</summary>
internal sealed class ArrivingBody(HttpRequest request, BodyBudget.Lease lease, int maxBytes)
{
    private const int ChunkBytes = 16 * 1024;

    private readonly ArrayBufferWriter<byte> _content = new((int)Math.Clamp(request.ContentLength ?? ChunkBytes, 1, ChunkBytes));

    public ReadOnlyMemory<byte> Bytes => _content.WrittenMemory;

    /// <summary>Takes what has arrived already; nearly always that is all of it.</summary>
    public BodyProgress TakeWhatIsHere() => request.BodyReader.TryRead(out var read) ? Take(read) : BodyProgress.Arriving;

    /// <summary>Waits for more.</summary>
    public async ValueTask<BodyProgress> TakeNextAsync(CancellationToken cancellationToken) =>
        Take(await request.BodyReader.ReadAsync(cancellationToken));

    /// <summary>Reads on and keeps nothing, up to the end or so many bytes.</summary>
    public async Task DrainAsync(long atMost, CancellationToken cancellationToken)
    {
        while (atMost > 0)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            atMost -= read.Buffer.Length;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    private BodyProgress Take(in ReadResult read)
    {
        var bytes = (int)read.Buffer.Length;
        var hasRoom = lease.TryTake(bytes);
        if (hasRoom)
        {
            foreach (var part in read.Buffer)
                _content.Write(part.Span);
        }

        request.BodyReader.AdvanceTo(read.Buffer.End);
        if (!hasRoom)
            return BodyProgress.NoRoom;
        if (_content.WrittenCount > maxBytes)
            return BodyProgress.TooLarge;
        return read.IsCompleted ? BodyProgress.Whole : BodyProgress.Arriving;
    }
}
