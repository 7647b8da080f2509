using System.Buffers;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Results;

/// <summary>Turns a health snapshot into the two forms of a result, each complete without the other.</summary>
internal static class HealthRendering
{
    internal const string NoTarget = "none";

    internal static CallToolResult Render(HealthSnapshot snapshot) => new()
    {
        IsError = false,
        Content = [new TextContentBlock { Text = HealthTexts.Of(snapshot) }],
        StructuredContent = Structured(snapshot),
    };

    /// <summary>The arguments did not fit, so there is no snapshot and no structured form of one.</summary>
    internal static CallToolResult NotRead(string text) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = text }],
    };

    private static JsonElement Structured(HealthSnapshot snapshot)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, snapshot);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, HealthSnapshot snapshot)
    {
        writer.WriteStartObject();
        writer.WriteString("active", snapshot.Active?.ToWire() ?? NoTarget);
        writer.WriteStartArray("targets");
        foreach (var target in snapshot.Targets)
            WriteTarget(writer, target);
        writer.WriteEndArray();
        writer.WriteStartObject("dependencies");
        foreach (var (name, state) in snapshot.Dependencies)
            writer.WriteString(DisplayText.Clean(name), DisplayText.Clean(state));
        writer.WriteEndObject();
        writer.WriteString("route", snapshot.Route.ToWire());
        writer.WriteBoolean("fallback_enabled", snapshot.FallbackEnabled);
        writer.WriteEndObject();
    }

    private static void WriteTarget(Utf8JsonWriter writer, TargetHealth target)
    {
        writer.WriteStartObject();
        writer.WriteString("name", target.Name.ToWire());
        writer.WriteString("url", target.Url);
        writer.WriteString("status", target.Status.ToWire());
        writer.WriteString("breaker", target.Breaker.ToWire());
        writer.WriteString("breaker_changed_at", target.LastChange is { } change ? WireTime.Format(change.At) : null);
        writer.WriteString("breaker_cause", target.LastChange?.Cause);
        writer.WriteNumber("breaker_opened", target.TimesOpened);
        if (target.Latency is { } latency)
            writer.WriteNumber("latency_ms", OutcomeTexts.Milliseconds(latency));
        else
            writer.WriteNull("latency_ms");
        writer.WriteString("checked_at", target.CheckedAt is { } checkedAt ? WireTime.Format(checkedAt) : null);
        writer.WriteBoolean("cached", target.Cached);
        writer.WriteString("version", target.Version is { } version ? OutcomeTexts.Detail(version) : null);
        writer.WriteString("detail", target.Detail is { } detail ? OutcomeTexts.Detail(detail) : null);
        writer.WriteEndObject();
    }
}
