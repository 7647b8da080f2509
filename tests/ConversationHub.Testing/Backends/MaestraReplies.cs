using System.Text.Json.Nodes;
using ConversationHub.Testing.Network;

namespace ConversationHub.Testing.Backends;

/// <summary>
/// Replies of a well-behaved backend, written out field by field from wire.md §2, §3 and §5 rather than made with the
/// product's own types, so that a wrong name in those is noticed.
/// </summary>
public static class MaestraReplies
{
    private const string RequestId = "7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11";

    /// <summary>An envelope that answers <paramref name="ask"/>: it echoes the conversation id and, in the reply, the message.</summary>
    public static JsonObject Envelope(RecordedRequest ask, string source)
    {
        ArgumentNullException.ThrowIfNull(ask);
        return Envelope($"{source} heard: {Text(ask, "message")}", Text(ask, "conversation_id") ?? "conv_2026-01-05_ada_406e64f1", source, ask.OperationId);
    }

    public static JsonObject Envelope(string reply, string conversationId, string source = "local", string? operationId = null) => new()
    {
        ["reply"] = reply,
        ["mode"] = "advisor",
        ["conversation_id"] = conversationId,
        ["source"] = source,
        ["version"] = "2.0.0",
        ["artifacts"] = new JsonArray(),
        ["actions"] = new JsonArray(),
        ["meta"] = Meta(operationId),
    };

    /// <summary>The reply of the legacy ask.</summary>
    public static JsonObject Legacy(RecordedRequest ask)
    {
        ArgumentNullException.ThrowIfNull(ask);
        var session = Text(ask, "session_id") ?? "default";
        return new JsonObject
        {
            ["answer"] = $"heard: {Text(ask, "message") ?? Text(ask, "question")}",
            ["session_id"] = session,
            ["job_id"] = null,
            ["sources"] = new JsonArray(),
            ["trace_id"] = session,
            ["mode"] = Text(ask, "mode") ?? "quick",
            ["processing_time_ms"] = 12,
            ["schema_version"] = "1",
            ["conversation_id"] = session,
            ["turns"] = null,
            ["agent"] = new JsonObject { ["id"] = "maestra", ["display_name"] = "Maestra" },
            ["system_mode"] = "minimal",
            ["authority"] = "none",
            ["mcp_metadata"] = null,
            ["meta"] = Meta(ask.OperationId),
        };
    }

    public static JsonObject Health(string mode, int port) => new()
    {
        ["status"] = "healthy",
        ["service"] = "maestra-backend",
        ["version"] = "2.0.0",
        ["brain_id"] = "maestra",
        ["uptime_seconds"] = 1234,
        ["port"] = port,
        ["timestamp"] = "2026-01-05T09:30:00.000000Z",
        ["dependencies"] = new JsonObject
        {
            ["jh_brain"] = "not_configured",
            ["memory_hub"] = "not_configured",
            ["conversation_hub"] = "healthy",
            ["deep_research"] = "not_configured",
        },
        ["mode"] = mode,
        ["backend_id"] = $"{(mode == "cloud" ? "hosted" : "local")}_sha256_eed292c6e467c8ef",
        ["build"] = "2.0.0",
        ["capabilities"] = new JsonArray("idempotency"),
        ["store"] = new JsonObject { ["kind"] = "log", ["conversations"] = 12, ["last_commit"] = "2026-01-05T09:29:58.400000Z" },
    };

    private static JsonObject Meta(string? operationId) => new()
    {
        ["latency_ms"] = 12,
        ["model"] = "recall",
        ["tokens"] = 0,
        ["cost_usd"] = 0.0,
        ["request_id"] = RequestId,
        ["operation_id"] = operationId,
        ["provider"] = "offline",
        ["replayed"] = false,
    };

    private static string? Text(RecordedRequest ask, string name) => ask.Json[name]?.GetValue<string>();
}
