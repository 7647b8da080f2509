using System.Buffers;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Texts;
using Microsoft.AspNetCore.Http;

namespace ConversationHub.McpHttp;

/// <summary>The body of one request, counted among those of all others from when it is read until it is disposed.</summary>
internal sealed class HeldBody(HeldBody.Sum all) : IDisposable
{
    private const int ReadBytes = 16 * 1024;

    private readonly MemoryStream _bytes = new();
    private long _counted;

    internal ReadOnlySequence<byte> Bytes => new(_bytes.GetBuffer(), 0, (int)_bytes.Length);

    /// <returns>Why it was not read to its end; null: it was.</returns>
    internal async Task<HttpRefusal?> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > StdioLimits.MaxLineBytes)
            return HttpRefusal.Invalid(StatusCodes.Status413PayloadTooLarge, ProtocolTexts.LineTooLong);
        var buffer = new byte[ReadBytes];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0)
        {
            if (_bytes.Length + read > StdioLimits.MaxLineBytes)
                return HttpRefusal.Invalid(StatusCodes.Status413PayloadTooLarge, ProtocolTexts.LineTooLong);
            _counted += read;
            if (all.Add(read) > HttpLimits.MaxBodyBytes)
                return HttpRefusal.Invalid(StatusCodes.Status503ServiceUnavailable, ProtocolTexts.RequestsTooLarge);
            _bytes.Write(buffer, 0, read);
        }

        return null;
    }

    public void Dispose()
    {
        all.Add(-_counted);
        _bytes.Dispose();
    }

    /// <summary>The bytes of all that are held. Thread-safe.</summary>
    internal sealed class Sum
    {
        private long _bytes;

        internal long Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
    }
}
