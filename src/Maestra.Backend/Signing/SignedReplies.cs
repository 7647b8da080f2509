using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Signing;

/// <summary>Writes signed responses (wire.md §9.3).</summary>
internal sealed class SignedReplies(IdentityBoard identity, TimeProvider time)
{
    /// <summary>A reply with or without success; without an exchange it goes unsigned.</summary>
    public Task WriteAsync(HttpContext context, HttpReply reply, SignedExchange? exchange)
    {
        switch (reply)
        {
            case HttpReply.Json json when exchange is not null:
                return WriteAsync(context, json.Status, json.Body, null, exchange);
            case HttpReply.Refused refused when exchange is not null:
                if (refused.RetryAfterSeconds is { } seconds)
                    context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                return WriteAsync(context, refused.Status, ReplyWriter.Problem(RequestState.Of(context), refused), null, exchange);
            default:
                return ReplyWriter.WriteAsync(context, reply);
        }
    }

    /// <param name="body">As it goes out, after any content encoding.</param>
    /// <param name="contentEncoding">Null for identity.</param>
    public Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> body, string? contentEncoding, SignedExchange exchange)
    {
        var response = context.Response;
        var timestamp = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var text = SigningText.Response(status, exchange.OwnKey.Id, exchange.PeerId, timestamp, exchange.Nonce, body.Span);
        var headers = new SignatureHeaders(exchange.OwnKey.Id, timestamp, exchange.Nonce, exchange.OwnKey.Sign(text));
        response.StatusCode = status;
        if (exchange.IsFramed)
        {
            response.ContentType = SignedFrame.MediaType;
            response.Headers.Remove(HeaderNames.RequestId);
            body = SignedFrame.Write(headers, contentEncoding, body.Span);
        }
        else
        {
            response.ContentType = "application/json";
            if (contentEncoding is not null)
                response.Headers.ContentEncoding = contentEncoding;
            response.Headers[HeaderNames.SignedBackend] = headers.Signer;
            response.Headers[HeaderNames.SignedTimestamp] = headers.Timestamp;
            response.Headers[HeaderNames.SignedNonce] = headers.Nonce;
            response.Headers[HeaderNames.Signature] = headers.Signature;
        }

        response.ContentLength = body.Length;
        if (Succession.Announce(exchange.OwnKey, identity.Current) is { } announcement)
            response.Headers[HeaderNames.Successor] = announcement;
        return response.Body.WriteAsync(body).AsTask();
    }
}
