using System.Buffers;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Metrics;

/// <summary>One line of <c>maestra_metrics.jsonl</c>: eleven fields, null where a refused ask never had them (wire.md §11).</summary>
internal sealed record AskReport
{
    public const string TimeField = "timestamp";
    public const string UserField = "user_id";
    public const string ConversationField = "conversation_id";

    private const int UsualBytes = 512;

    public required DateTimeOffset Timestamp { get; init; }

    public required RequestId RequestId { get; init; }

    public required string? SurfaceId { get; init; }

    /// <summary>Never the id itself.</summary>
    public required string? UserPseudonym { get; init; }

    public required string? ConversationId { get; init; }

    public required string? Mode { get; init; }

    public required long LatencyMs { get; init; }

    /// <summary>Also of an ask whose end was told in a stream; 499 when its caller had gone.</summary>
    public required int StatusCode { get; init; }

    public required int Tokens { get; init; }

    public required decimal CostUsd { get; init; }

    /// <summary>The problem's code; null when the ask was answered.</summary>
    public required string? Error { get; init; }

    /// <summary>The line, with its line end.</summary>
    public byte[] ToLine()
    {
        var buffer = new ArrayBufferWriter<byte>(UsualBytes);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString(TimeField, WireTime.Format(Timestamp));
            writer.WriteString("request_id", RequestId.ToString());
            writer.WriteString("surface_id", SurfaceId);
            writer.WriteString(UserField, UserPseudonym);
            writer.WriteString(ConversationField, ConversationId);
            writer.WriteString("mode", Mode);
            writer.WriteNumber("latency_ms", LatencyMs);
            writer.WriteNumber("status_code", StatusCode);
            writer.WriteNumber("tokens", Tokens);
            writer.WriteNumber("cost_usd", CostUsd);
            writer.WriteString("error", Error);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
