using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Log;

/// <summary>What an operation says, by kind.</summary>
internal abstract record OperationContent
{
    private OperationContent()
    {
    }

    public sealed record Message(MessageBody Body) : OperationContent;

    public sealed record Field(FieldBody Body) : OperationContent;

    public sealed record Erase(EraseBody Body) : OperationContent;

    /// <summary>An erased message or field after compaction: only that it was there is left.</summary>
    public sealed record Stub : OperationContent;

    /// <summary>Of a kind this version does not know: kept and counted, not shown.</summary>
    public sealed record Unknown : OperationContent;

    /// <summary>Reads a body.</summary>
    /// <returns>Null when the body is not one of its kind.</returns>
    public static OperationContent? TryRead(string kind, ReadOnlySpan<byte> body)
    {
        try
        {
            return kind switch
            {
                OperationKind.Erase => new Erase(JsonSerializer.Deserialize(body, MaestraJson.Compact.EraseBody)!),
                OperationKind.Message or OperationKind.Field when IsStub(body) => new Stub(),
                OperationKind.Message => new Message(JsonSerializer.Deserialize(body, MaestraJson.Compact.MessageBody)!),
                OperationKind.Field => new Field(JsonSerializer.Deserialize(body, MaestraJson.Compact.FieldBody)!),
                _ => new Unknown(),
            };
        }
        catch (JsonException)
        {
            // Told by the result: a caller reports where the line stands, which is not known here.
            return null;
        }
    }

    /// <summary>The body that compaction leaves.</summary>
    public static ReadOnlySpan<byte> StubBody => "{\"erased\":true}"u8;

    private static bool IsStub(ReadOnlySpan<byte> body) => body.SequenceEqual(StubBody);
}
