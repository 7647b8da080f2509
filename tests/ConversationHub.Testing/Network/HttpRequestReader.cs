using System.Globalization;
using System.Text;

namespace ConversationHub.Testing.Network;

/// <summary>Reads one HTTP/1.1 request after the other from a stream: just enough for clients that are under test here.</summary>
internal sealed class HttpRequestReader(Stream stream, int connection)
{
    private const int MaxLineBytes = 64 * 1024;
    private const int MaxHeaders = 200;
    private const int MaxBodyBytes = 32 * 1024 * 1024;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Whether bytes of a further request were read along with the last one.</summary>
    public bool HasMore => _start < _end;

    /// <summary>The next request; null when the peer closed before sending one.</summary>
    public async Task<RecordedRequest?> ReadAsync(CancellationToken cancellationToken)
    {
        var first = await ReadLineAsync(cancellationToken);
        if (first is null)
            return null;
        var parts = first.Split(' ');
        if (parts.Length != 3)
            throw new InvalidDataException($"Not an HTTP request line: {first}");

        var headers = new List<KeyValuePair<string, string>>();
        while (await ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            if (headers.Count >= MaxHeaders)
                throw new InvalidDataException($"More than {MaxHeaders} headers.");
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        var request = new RecordedRequest(connection, parts[0], parts[1], headers, []);
        if (request.Header("Transfer-Encoding") is not null)
            return request with { Body = await ReadChunksAsync(cancellationToken) };
        var length = request.Header("Content-Length") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        return request with { Body = await ReadExactlyAsync(length, cancellationToken) };
    }

    private async Task<byte[]> ReadChunksAsync(CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = await ReadLineAsync(cancellationToken) ?? throw new EndOfStreamException();
            var length = int.Parse(size.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(await ReadExactlyAsync(length, cancellationToken));
            await ReadLineAsync(cancellationToken);
            if (length == 0)
                return body.ToArray();
            if (body.Length > MaxBodyBytes)
                throw new InvalidDataException($"Body larger than {MaxBodyBytes} bytes.");
        }
    }

    private async Task<byte[]> ReadExactlyAsync(int length, CancellationToken cancellationToken)
    {
        if (length > MaxBodyBytes)
            throw new InvalidDataException($"Body larger than {MaxBodyBytes} bytes.");
        var body = new byte[length];
        var taken = Math.Min(length, _end - _start);
        _buffer.AsSpan(_start, taken).CopyTo(body);
        _start += taken;
        await stream.ReadExactlyAsync(body.AsMemory(taken), cancellationToken);
        return body;
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        while (true)
        {
            while (_start < _end)
            {
                var next = _buffer[_start++];
                if (next == (byte)'\n')
                    return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
                line.Add(next);
            }

            if (line.Count > MaxLineBytes)
                throw new InvalidDataException($"Line longer than {MaxLineBytes} bytes.");
            _start = 0;
            _end = await stream.ReadAsync(_buffer, cancellationToken);
            if (_end == 0)
                return line.Count == 0 ? null : throw new EndOfStreamException();
        }
    }
}
