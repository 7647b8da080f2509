using System.Buffers;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// The JSON-RPC error for a line that is no request. <paramref name="Id"/> is null where none could be read; the
/// member is then left out, as the protocol allows since 2025-11-25.
/// </summary>
internal sealed record LineRefusal(RequestId? Id, McpErrorCode Code, string Message)
{
    internal static LineRefusal Parse(RequestId? id, string message) => new(id, McpErrorCode.ParseError, message);

    internal static LineRefusal Invalid(RequestId? id, string message) => new(id, McpErrorCode.InvalidRequest, message);

    internal void WriteTo(IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        if (Id?.Id is string text)
            writer.WriteString("id"u8, text);
        else if (Id?.Id is long number)
            writer.WriteNumber("id"u8, number);
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, (int)Code);
        writer.WriteString("message"u8, Message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
