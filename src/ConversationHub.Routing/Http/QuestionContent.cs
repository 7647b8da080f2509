using System.Net;

namespace ConversationHub.Routing;

/// <summary>The bytes of a question, which tell when they are about to be written: until then it cannot have run.</summary>
internal sealed class QuestionContent(ReadOnlyMemory<byte> body, IReplySigns signs) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        signs.Sending();
        return stream.WriteAsync(body, cancellationToken).AsTask();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
