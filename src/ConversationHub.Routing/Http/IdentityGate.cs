using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Begins each connection to the local backend with the challenge, before the connection's first request: a service that cannot
/// prove the pinned id gets nothing else, neither text nor health requests (wire.md §8).
/// </summary>
internal sealed class IdentityGate(string pinnedId, TimeProvider time)
{
    /// <summary>How long the proof may take. The backend signs once, on this machine. Less than what <see cref="LivenessPatrol"/> gives, so that the cause is known.</summary>
    internal static readonly TimeSpan ProofLimit = TimeSpan.FromMilliseconds(1_500);

    private const int MaxAnswerBytes = 16 * 1024;
    private const string LengthHeader = "content-length:";

    private static ReadOnlySpan<byte> EndOfHeaders => "\r\n\r\n"u8;

    /// <exception cref="ConnectFailedException">It is not the one, or does not say in time; the outcome says which.</exception>
    public async ValueTask<Stream> PassAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        var challenge = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdentityProof.ChallengeBytes));
        using var limit = new CancellationTokenSource(ProofLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        string? wrong;
        try
        {
            var authority = context.InitialRequestMessage.RequestUri!.Authority;
            await context.PlaintextStream.WriteAsync(RequestFor(authority, challenge), either.Token).ConfigureAwait(false);
            var body = await ReadAnswerAsync(context.PlaintextStream, either.Token).ConfigureAwait(false);
            wrong = body is not null && JsonObjectReader.TryParse(body) is { } identity
                ? IdentityProof.WhatIsWrong(identity, pinnedId, challenge, OtherEndOf(context.PlaintextStream))
                : "it tells no identity";
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Late is not wrong: nothing is known of who listens, and nothing has been sent, as on a connection that never came (decision 22).
            throw new ConnectFailedException(AttemptOutcome.ConnectTimeout, $"it gave no proof of its identity within {ProofLimit.TotalMilliseconds:0} ms", inner: null);
        }
        catch (IOException)
        {
            wrong = "it closed the connection instead of proving its identity";
        }

        return wrong is null ? context.PlaintextStream : throw new ConnectFailedException(AttemptOutcome.Identity, wrong, inner: null);
    }

    /// <summary>Null over TLS, where the certificate has shown who is there, and a proxy may stand before it.</summary>
    private static string? OtherEndOf(Stream connection) =>
        connection is NetworkStream { Socket.RemoteEndPoint: IPEndPoint end } ? ConnectionEnd.Of(end) : null;

    private static byte[] RequestFor(string authority, string challenge) => Encoding.ASCII.GetBytes(
        $"GET {Routes.Identity}?challenge={challenge} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json\r\n\r\n");

    /// <summary>One answer of HTTP/1.1 with a length, so that the next byte of the connection belongs to the next answer. Null: anything else.</summary>
    private static async Task<byte[]?> ReadAnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswerBytes];
        var filled = 0;
        int headers;
        while ((headers = buffer.AsSpan(0, filled).IndexOf(EndOfHeaders)) < 0)
        {
            if (filled == buffer.Length || await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false) is not (> 0 and var read))
                return null;
            filled += read;
        }

        var start = headers + EndOfHeaders.Length;
        if (LengthOf(Encoding.Latin1.GetString(buffer, 0, headers)) is not { } length || length > buffer.Length - start || filled > start + length)
            return null;
        await stream.ReadExactlyAsync(buffer.AsMemory(filled, start + length - filled), cancellationToken).ConfigureAwait(false);
        return buffer[start..(start + length)];
    }

    private static int? LengthOf(string head)
    {
        var lines = head.Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            return null;
        var named = Array.Find(lines, static line => line.StartsWith(LengthHeader, StringComparison.OrdinalIgnoreCase));
        return named is not null && int.TryParse(named.AsSpan(LengthHeader.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : null;
    }
}
