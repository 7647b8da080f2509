using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Signing;

/// <summary>What a signed call to a peer gave.</summary>
internal abstract record PeerAnswer
{
    private PeerAnswer()
    {
    }

    /// <summary>The peer itself said this: signature and nonce fit. Any status.</summary>
    /// <param name="Body">Decoded.</param>
    public sealed record Answered(int Status, ReadOnlyMemory<byte> Body) : PeerAnswer
    {
        /// <summary>When to come again, if it was said; as sent, not yet bounded.</summary>
        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>Somebody answered, and it is not shown to be the peer. It is hearsay: nothing may follow from it but a later try.</summary>
    /// <param name="Status">Of the response.</param>
    /// <param name="Body">Decoded, for a message to the operator; may be empty.</param>
    public sealed record Untrusted(int Status, string Reason, ReadOnlyMemory<byte> Body) : PeerAnswer
    {
        /// <inheritdoc cref="Answered.RetryAfter"/>
        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>No whole response; the request may have run.</summary>
    public sealed record Failed(string Reason) : PeerAnswer;
}

/// <summary>Sends signed requests to peers and believes signed responses only (wire.md §9.3). Thread-safe; follows no redirect.</summary>
internal sealed class PeerClient(HttpMessageInvoker http, IdentityBoard identity, PeerDirectory directory, IdSource ids, TimeProvider time)
{
    /// <summary>One handler for the life of the process.</summary>
    public static HttpMessageInvoker CreateHttp() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,

        // A round is its own trace on each side; every idle tick would carry seventy bytes that nobody reads.
        ActivityHeadersPropagator = null,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = 4,
        MaxResponseHeadersLength = 32,
    });

    /// <summary>POST to a paired peer that has a URL.</summary>
    /// <param name="path">Relative to the peer's base URL, such as <c>/sync</c>.</param>
    /// <param name="body">As it goes out, after any content encoding.</param>
    /// <param name="contentEncoding">Null for identity.</param>
    /// <param name="maxResponseBytes">Of the response as sent, and decoded.</param>
    /// <param name="isFramed">In a <see cref="SignedFrame"/>, to a peer that has said that it takes them.</param>
    public async Task<PeerAnswer> PostAsync(
        Peer peer, string path, ReadOnlyMemory<byte> body, string? contentEncoding, int maxResponseBytes, CancellationToken cancellationToken,
        bool isFramed = false)
    {
        var keys = await identity.RefreshAsync(cancellationToken);
        var own = OwnKey(peer);
        using var request = Sign(ids, time, own, peer.BackendId, PeerUrl.Join(peer.Url!, path), path, body, contentEncoding, out var nonce, isFramed);
        if (Succession.Announce(own, keys) is { } announcement)
            request.Headers.Add(HeaderNames.Successor, announcement);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var (sent, problem) = await ReadAsync(response, maxResponseBytes, cancellationToken);
            if (problem is not null)
                return new PeerAnswer.Failed(problem);
            return await JudgeAsync(peer, keys, response, sent, nonce, maxResponseBytes, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return new PeerAnswer.Failed(e.HttpRequestError == HttpRequestError.Unknown ? e.Message : e.HttpRequestError.ToString());
        }
        catch (IOException e)
        {
            return new PeerAnswer.Failed(e.Message);
        }
    }

    /// <summary>The key with which this backend signs to a peer: the one the peer knows, as long as it counts, else the present one.</summary>
    public BackendKey OwnKey(Peer peer) =>
        (peer.OwnId is { } known ? identity.Current.Find(known, time.GetUtcNow()) : null) ?? identity.Current.Current;

    /// <summary>A request with its four headers, or in a frame without any.</summary>
    public static HttpRequestMessage Sign(
        IdSource ids, TimeProvider time, BackendKey own, string addressee, Uri url, string path, ReadOnlyMemory<byte> body, string? contentEncoding, out string nonce,
        bool isFramed = false)
    {
        nonce = ids.NewHex(SignatureHeaders.NonceBytes);
        var timestamp = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var signature = own.Sign(SigningText.Request(HttpMethod.Post.Method, path, addressee, own.Id, timestamp, nonce, body.Span));
        if (isFramed)
        {
            var frame = new ByteArrayContent(SignedFrame.Write(new SignatureHeaders(own.Id, timestamp, nonce, signature), contentEncoding, body.Span));
            frame.Headers.Add("Content-Type", SignedFrame.MediaType);
            return new HttpRequestMessage(HttpMethod.Post, url) { Content = frame };
        }

        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.Add("Content-Type", "application/json");
        if (contentEncoding is not null)
            request.Content.Headers.Add("Content-Encoding", contentEncoding);
        request.Headers.Add("Accept-Encoding", ContentCoding.Brotli);
        request.Headers.Add(HeaderNames.SignedBackend, own.Id);
        request.Headers.Add(HeaderNames.SignedTimestamp, timestamp);
        request.Headers.Add(HeaderNames.SignedNonce, nonce);
        request.Headers.Add(HeaderNames.Signature, signature);
        return request;
    }

    /// <summary>The body as sent, bounded.</summary>
    public static async Task<(ReadOnlyMemory<byte> Body, string? Problem)> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        const int ChunkBytes = 16 * 1024;
        using var content = new MemoryStream();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var chunk = new byte[ChunkBytes];
        while (await stream.ReadAsync(chunk, cancellationToken) is > 0 and var read)
        {
            if (content.Length + read > maxBytes)
                return (default, $"the response is larger than {maxBytes} bytes");
            content.Write(chunk, 0, read);
        }

        return (content.ToArray(), null);
    }

    private async Task<PeerAnswer> JudgeAsync(
        Peer peer, IdentityKeys keys, HttpResponseMessage response, ReadOnlyMemory<byte> sent, string nonce, int maxBytes, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var coding = response.Content.Headers.ContentEncoding.Count == 0 ? null : string.Join(", ", response.Content.Headers.ContentEncoding);
        SignatureHeaders? headers;
        if (response.Content.Headers.ContentType?.MediaType != SignedFrame.MediaType)
            headers = ReadHeaders(response);
        else if (!SignedFrame.TryRead(sent, out headers, out coding, out sent, out var malformed))
            return new PeerAnswer.Untrusted(status, malformed, default);
        if (ContentCoding.TryDecode(sent, coding, maxBytes, out var body) is not CodingOutcome.Decoded and var outcome)
            return new PeerAnswer.Untrusted(status, $"the response cannot be decoded ({outcome})", default);
        var now = time.GetUtcNow();
        var (own, signer, problem) = Verify(headers, status, sent.Span, nonce, id => peer.KeyOf(id, now), keys.Valid(now));
        var retryAfter = response.Headers.RetryAfter?.Delta;
        if (own is null)
            return new PeerAnswer.Untrusted(status, problem!, body) { RetryAfter = retryAfter };

        var announced = response.Headers.TryGetValues(HeaderNames.Successor, out var values) ? string.Join(", ", values) : null;
        return await directory.LearnAsync(peer, signer!, own.Id, announced, now, cancellationToken) is { } failure
            ? new PeerAnswer.Failed(failure.Reason)
            : new PeerAnswer.Answered(status, body) { RetryAfter = retryAfter };
    }

    /// <summary>Whether a response is the signer's answer to the request with this nonce.</summary>
    /// <param name="keyOf">The key expected of a signer's id; null for somebody else.</param>
    /// <param name="addressees">The own keys to whose ids it may be addressed.</param>
    /// <returns>The own key to which it was addressed and the signer's id, or why it is not believed.</returns>
    public static (BackendKey? Own, string? Signer, string? Problem) Verify(
        HttpResponseMessage response, ReadOnlySpan<byte> sent, string nonce, Func<string, PeerKey?> keyOf, IEnumerable<BackendKey> addressees) =>
        Verify(ReadHeaders(response), (int)response.StatusCode, sent, nonce, keyOf, addressees);

    private static SignatureHeaders? ReadHeaders(HttpResponseMessage response)
    {
        IReadOnlyList<string?> Values(string name) => response.Headers.TryGetValues(name, out var values) ? [.. values] : [];
        return SignatureHeaders.TryRead(Values, out var headers, out _) ? headers : null;
    }

    private static (BackendKey? Own, string? Signer, string? Problem) Verify(
        SignatureHeaders? headers, int status, ReadOnlySpan<byte> sent, string nonce, Func<string, PeerKey?> keyOf, IEnumerable<BackendKey> addressees)
    {
        if (headers is null)
            return (null, null, "the response is not signed");
        if (headers.Nonce != nonce)
            return (null, null, "the response answers another request");
        if (keyOf(headers.Signer) is not { } key)
            return (null, null, "the response is signed by somebody else");
        foreach (var own in addressees)
        {
            if (key.Verify(SigningText.Response(status, headers.Signer, own.Id, headers.Timestamp, headers.Nonce, sent), headers.Signature))
                return (own, headers.Signer, null);
        }

        return (null, null, "the signature of the response is wrong");
    }
}
