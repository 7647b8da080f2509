using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Log;

/// <summary>One operation as a line of the log: written, and read back strictly (wire.md §10.1).</summary>
internal static class LogLine
{
    /// <summary>A stored reply is at most 1 MiB, six bytes for each when all of it is escaped, and its sources beside it.</summary>
    public const int MaxBytes = 16 << 20;

    private const int TimestampDigits = HybridTimestamp.TextLength;

    private static readonly JsonWriterOptions Written = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Appends the line and its newline.</summary>
    /// <param name="body">The body as JSON; taken as it is.</param>
    /// <returns>Length in bytes without the newline.</returns>
    public static int Write(ArrayBufferWriter<byte> target, StoredOperation operation, ReadOnlySpan<byte> body)
    {
        var start = target.WrittenCount;
        target.GetSpan(ChecksumLine.ObjectOffset);
        target.Advance(ChecksumLine.ObjectOffset);
        using (var json = new Utf8JsonWriter(target, Written))
        {
            Span<char> hlc = stackalloc char[TimestampDigits];
            operation.Hlc.Value.TryFormat(hlc, out _, "x16");
            json.WriteStartObject();
            json.WriteNumber("v"u8, Operation.CurrentFormat);
            json.WriteString("id"u8, operation.Id);
            json.WriteString("kind"u8, operation.Kind);
            json.WriteString("user_id"u8, operation.UserId);
            json.WriteString("conversation_id"u8, operation.ConversationId);
            json.WriteString("origin"u8, operation.Origin);
            json.WriteNumber("seq"u8, operation.Seq);
            json.WriteString("hlc"u8, hlc);
            json.WritePropertyName("body"u8);
            json.WriteRawValue(body, skipInputValidation: true);
            json.WriteEndObject();
        }

        var length = target.WrittenCount - start;
        ChecksumLine.Seal(System.Runtime.InteropServices.MemoryMarshal.AsMemory(target.WrittenMemory).Span.Slice(start, length));
        target.Write([ChecksumLine.Newline]);
        return length;
    }

    /// <summary>Reads a line without its newline.</summary>
    /// <param name="names">Shares the strings that repeat from line to line; null when only a few lines are read.</param>
    /// <param name="body">Where the body stands in the line.</param>
    public static LineRead TryRead(ReadOnlySpan<byte> line, NamePool? names, out StoredOperation? operation, out Range body)
    {
        operation = null;
        body = default;
        if (!ChecksumLine.IsIntact(line))
            return LineRead.Damaged;
        try
        {
            return ReadMembers(line, names, out operation, out body);
        }
        catch (JsonException)
        {
            // The checksum fits and the text is no JSON: nothing this program wrote.
            return LineRead.Damaged;
        }
    }

    /// <summary>The format of a line whose checksum fits, whether or not this version knows it.</summary>
    /// <returns>Null when it says none.</returns>
    public static int? FormatOf(ReadOnlySpan<byte> line)
    {
        if (!ChecksumLine.IsIntact(line))
            return null;
        try
        {
            var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = WireLimits.JsonDepth });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isVersion = reader.ValueSpan.SequenceEqual("v"u8);
                reader.Read();
                if (isVersion)
                    return reader.TryGetInt32(out var version) ? version : null;
                reader.Skip();
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No line of this program, of whatever version: told by the result.
        }

        return null;
    }

    private static LineRead ReadMembers(ReadOnlySpan<byte> line, NamePool? names, out StoredOperation? operation, out Range body)
    {
        operation = null;
        body = default;
        string? kind = null, user = null, conversation = null, origin = null;
        OperationId id = default;
        HybridTimestamp hlc = default;
        long seq = 0;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = WireLimits.JsonDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("v"u8))
            {
                if (!reader.TryGetInt32(out var version) || version < 1)
                    return LineRead.Damaged;
                if (version > Operation.CurrentFormat)
                    return LineRead.Newer;
            }
            else if (name.SequenceEqual("id"u8))
            {
                if (!OperationId.TryParse(reader.GetString(), out id))
                    return LineRead.Damaged;
            }
            else if (name.SequenceEqual("kind"u8))
            {
                kind = Name(ref reader, names);
            }
            else if (name.SequenceEqual("user_id"u8))
            {
                user = Name(ref reader, names);
            }
            else if (name.SequenceEqual("conversation_id"u8))
            {
                conversation = Name(ref reader, names);
            }
            else if (name.SequenceEqual("origin"u8))
            {
                origin = Name(ref reader, names);
            }
            else if (name.SequenceEqual("seq"u8))
            {
                if (!reader.TryGetInt64(out seq) || seq > int.MaxValue)
                    return LineRead.Damaged;
            }
            else if (name.SequenceEqual("hlc"u8))
            {
                if (!HybridTimestamp.TryParse(reader.GetString(), out hlc))
                    return LineRead.Damaged;
            }
            else
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (name.SequenceEqual("body"u8))
                    body = start..(int)reader.BytesConsumed;
            }
        }

        var complete = kind is not null && user is not null && origin is not null && seq >= 1 && body.End.Value > 0;
        if (complete)
            operation = new StoredOperation(id.Value, kind!, user!, conversation, origin!, seq, hlc);
        return complete ? LineRead.Good : LineRead.Damaged;
    }

    private static string? Name(ref Utf8JsonReader reader, NamePool? names) => names is null ? reader.GetString() : names.Get(ref reader);
}
