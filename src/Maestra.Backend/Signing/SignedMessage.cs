namespace Maestra.Backend.Signing;

/// <summary>A request whose body was read: what was signed and what signs it, from headers or from a <see cref="SignedFrame"/>; not yet believed.</summary>
/// <param name="Headers">Null when they are not well-formed.</param>
/// <param name="Body">As it was signed, after any content encoding.</param>
/// <param name="Coding">Its content encoding; null for none.</param>
/// <param name="Problem">What is wrong with the headers.</param>
internal sealed record SignedMessage(SignatureHeaders? Headers, ReadOnlyMemory<byte> Body, string? Coding, bool IsFramed, string? Problem)
{
    public static SignedMessage Read(HttpRequest request, ReadOnlyMemory<byte> sent)
    {
        if (request.ContentType == SignedFrame.MediaType)
        {
            return SignedFrame.TryRead(sent, out var framed, out var coding, out var body, out var malformed)
                ? new SignedMessage(framed, body, coding, IsFramed: true, null)
                : new SignedMessage(null, sent, null, IsFramed: true, malformed);
        }

        return OfHeaders(request, sent);
    }

    /// <summary>Where frames are not taken.</summary>
    public static SignedMessage OfHeaders(HttpRequest request, ReadOnlyMemory<byte> sent)
    {
        var encodings = request.Headers.ContentEncoding;
        SignatureHeaders.TryRead(name => request.Headers[name], out var headers, out var problem);
        return new SignedMessage(headers, sent, encodings.Count == 0 ? null : encodings.ToString(), IsFramed: false, problem);
    }
}
