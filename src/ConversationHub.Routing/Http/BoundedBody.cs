using System.Buffers;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>Reads a response body up to the limit of <see cref="WireLimits.ResponseBodyBytes"/>, whatever its headers promise.</summary>
internal static class BoundedBody
{
    private const int FirstReadBytes = 16 * 1024;

    /// <returns>The body, or null when it is larger than the limit.</returns>
    /// <exception cref="IOException">The connection broke off.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > WireLimits.ResponseBodyBytes)
            return null;
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var first = (int)(content.Headers.ContentLength ?? FirstReadBytes) + 1;
            var body = new ArrayBufferWriter<byte>(first);
            while (true)
            {
                var read = await stream.ReadAsync(body.GetMemory(1), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    return body.WrittenMemory;
                body.Advance(read);
                if (body.WrittenCount > WireLimits.ResponseBodyBytes)
                    return null;
            }
        }
    }
}
