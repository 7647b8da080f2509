using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// One line of input, read: a message, or the refusal the client gets instead, or neither (blank, or a broken answer
/// to a request we never made, which cannot be answered).
/// </summary>
internal readonly record struct IncomingLine(JsonRpcMessage? Message, LineRefusal? Refusal)
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = CreateMessageType();

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Blanks => " \t\r"u8;

    /// <summary>Reads a line without its newline. Never throws on any input.</summary>
    internal static IncomingLine Read(in ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment)
            return Read(line.FirstSpan);

        var length = checked((int)line.Length);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            line.CopyTo(rented);
            return Read(rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static IncomingLine Read(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith(ByteOrderMark))
            line = line[ByteOrderMark.Length..];
        line = line.Trim(Blanks);
        if (line.IsEmpty)
            return default;

        if (!Utf8.IsValid(line))
            return Refuse(LineRefusal.Parse(LineInspection.Of(line).Id, ProtocolTexts.NotUtf8));

        try
        {
            if (JsonSerializer.Deserialize(line, MessageType) is { } message && LineInspection.IsUnicode(line) && !LineInspection.SaysTwice(line))
                return new IncomingLine(message, null);
        }
        catch (Exception unfit) when (unfit is JsonException or ArgumentException)
        {
            // Duplicate keys come as the latter. Why is told below; the exception's own text repeats the client's data.
        }

        return Diagnose(line);
    }

    private static IncomingLine Diagnose(ReadOnlySpan<byte> line)
    {
        var seen = LineInspection.Of(line);
        if (seen.IsAnswer)
            return default;
        return Refuse(seen.IsWellFormed
            ? LineRefusal.Invalid(seen.Id, ProtocolTexts.InvalidRequest(seen))
            : LineRefusal.Parse(seen.Id, ProtocolTexts.NotJson));
    }

    private static IncomingLine Refuse(LineRefusal refusal) => new(null, refusal);

    private static JsonTypeInfo<JsonRpcMessage> CreateMessageType()
    {
        // A duplicate key would make the client and us read two different requests from one line. Of the message's own members the
        // SDK's converter does not ask this: LineInspection.SaysTwice does.
        var options = new JsonSerializerOptions(McpJsonUtilities.DefaultOptions) { AllowDuplicateProperties = false };
        return (JsonTypeInfo<JsonRpcMessage>)options.GetTypeInfo(typeof(JsonRpcMessage));
    }
}
