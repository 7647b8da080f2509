namespace ConversationHub.Mcp.Texts;

/// <summary>
/// Input and output schemas, written by hand: the SDK's reflection makes optional arguments required (mcp.md §3).
/// They are part of <c>tools/list</c>, and a golden file holds them. No <c>$ref</c>, no <c>anyOf</c> at the root, and no
/// lists of types, which some clients' schema dialects drop.
/// </summary>
internal static class ToolSchemas
{
    internal static ReadOnlySpan<byte> AskInput =>
        """
        {
          "type": "object",
          "properties": {
            "message": { "type": "string", "minLength": 1, "maxLength": 262144, "description": "The question, at most 256 KiB of UTF-8." },
            "conversation_id": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$", "description": "Conversation to continue. Left out: a new one begins, and the result names it." },
            "user_id": { "type": "string", "minLength": 1, "maxLength": 128, "description": "Who asks. Left out: as the owner configured." },
            "surface_id": { "type": "string", "minLength": 1, "maxLength": 64, "description": "Where the question comes from, such as windsurf or cli. Left out: this client's name." },
            "mode_hint": { "type": "string", "maxLength": 64, "description": "Kind of help wanted: advisor, tutorial, router, capture, project_conductor, web_companion or focus_coach. Left out: advisor." },
            "surface_context": {
              "type": "object",
              "description": "What the asker has before them. May serve the answer; only file_path and workspace are stored.",
              "properties": {
                "file_path": { "type": "string", "maxLength": 4096 },
                "workspace": { "type": "string", "maxLength": 4096 },
                "screen_context": { "type": "string", "maxLength": 65536 },
                "page_url": { "type": "string", "maxLength": 8192 },
                "selection": { "type": "string", "maxLength": 65536 }
              },
              "additionalProperties": false
            },
            "route": { "type": "string", "enum": ["local-first", "local-only", "cloud-only"], "description": "Narrows where the question may go; never further than the owner allows. local-only asks the local backend alone, whatever happens; conversations marked local_only are asked there alone once the hub knows the mark." }
          },
          "required": ["message"],
          "additionalProperties": false
        }
        """u8;

    internal static ReadOnlySpan<byte> AskOutput =>
        """
        {
          "type": "object",
          "properties": {
            "answer": { "type": "string", "description": "The reply; on failure what went wrong and what to do next." },
            "conversation_id": { "type": "string", "description": "Pass it to continue this conversation. Empty when the arguments did not fit." },
            "served_by": { "anyOf": [{ "type": "string", "enum": ["local", "cloud"] }, { "type": "null" }], "description": "Who answered; null: nobody." },
            "mode": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "source": { "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "As the backend calls itself." },
            "degraded": { "type": "boolean", "description": "Not answered by the first choice, or by one that calls itself degraded." },
            "may_have_run": { "type": "boolean", "description": "Another attempt may have run the question too; on failure: any attempt." },
            "attempts": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "target": { "type": "string", "enum": ["local", "cloud"] },
                  "outcome": { "type": "string", "enum": ["answered", "refused", "unreachable", "dns", "connect_timeout", "tls", "identity", "http_status", "reset", "truncated", "malformed", "stalled", "deadline", "impostor", "error_mode", "abandoned", "skipped_open", "skipped_budget"] },
                  "status": { "anyOf": [{ "type": "integer" }, { "type": "null" }], "description": "HTTP status." },
                  "ms": { "type": "integer" },
                  "code": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "may_have_run": { "type": "boolean" }
                },
                "required": ["target", "outcome", "status", "ms", "code", "may_have_run"]
              }
            },
            "elapsed_ms": { "type": "integer" },
            "request_id": { "type": "string" },
            "operation_id": { "type": "string" },
            "artifacts": { "type": "array", "items": { "type": "object" } },
            "actions": { "type": "array", "items": { "type": "object" } },
            "meta": { "type": "object" },
            "error": {
              "anyOf": [
                {
                  "type": "object",
                  "properties": {
                    "code": { "type": "string" },
                    "detail": { "type": "string" },
                    "retry_after_seconds": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }
                  },
                  "required": ["code", "detail", "retry_after_seconds"]
                },
                { "type": "null" }
              ]
            }
          },
          "required": ["answer", "conversation_id", "served_by", "mode", "source", "degraded", "may_have_run", "attempts", "elapsed_ms", "request_id", "operation_id", "artifacts", "actions", "meta", "error"]
        }
        """u8;

    internal static ReadOnlySpan<byte> HealthInput =>
        """
        {
          "type": "object",
          "properties": {
            "refresh": { "type": "boolean", "default": false, "description": "Ask the backends again instead of telling what is known, which is at most 30 s old." }
          },
          "additionalProperties": false
        }
        """u8;

    internal static ReadOnlySpan<byte> HealthOutput =>
        """
        {
          "type": "object",
          "properties": {
            "active": { "type": "string", "enum": ["local", "cloud", "none"], "description": "The first backend that is up and not passed over: who would answer the next question." },
            "targets": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "name": { "type": "string", "enum": ["local", "cloud"] },
                  "url": { "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "Null while a local backend has not been found." },
                  "status": { "type": "string", "enum": ["healthy", "degraded", "unhealthy", "unreachable", "impostor", "disabled", "unknown"] },
                  "breaker": { "type": "string", "enum": ["closed", "open", "half_open"] },
                  "breaker_changed_at": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "breaker_cause": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "breaker_opened": { "type": "integer" },
                  "latency_ms": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
                  "checked_at": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "cached": { "type": "boolean" },
                  "version": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "detail": { "anyOf": [{ "type": "string" }, { "type": "null" }] }
                },
                "required": ["name", "url", "status", "breaker", "breaker_changed_at", "breaker_cause", "breaker_opened", "latency_ms", "checked_at", "cached", "version", "detail"]
              }
            },
            "dependencies": { "type": "object", "additionalProperties": { "type": "string" } },
            "route": { "type": "string", "enum": ["local-first", "local-only", "cloud-only"] },
            "fallback_enabled": { "type": "boolean" }
          },
          "required": ["active", "targets", "dependencies", "route", "fallback_enabled"]
        }
        """u8;

    internal static ReadOnlySpan<byte> LegacyAskInput =>
        """
        {
          "type": "object",
          "properties": {
            "question": { "type": "string", "maxLength": 262144, "description": "The question, at most 256 KiB of UTF-8. Give this or message." },
            "message": { "type": "string", "maxLength": 262144, "description": "Another name for question; wins when both are given." },
            "session_id": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$", "default": "default", "description": "Session to continue; it is the conversation id." },
            "user_id": { "type": "string", "minLength": 1, "maxLength": 128, "description": "Who asks. Left out: as the owner configured." },
            "mode": { "type": "string", "enum": ["quick", "deep"], "default": "quick", "description": "deep for questions that need thought; the time is the same for both." },
            "context_hints": { "type": "array", "items": { "type": "string", "maxLength": 1024 }, "maxItems": 32, "default": [], "description": "Given to the model, never stored." }
          },
          "additionalProperties": false
        }
        """u8;

    internal static ReadOnlySpan<byte> LegacyAskOutput =>
        """
        {
          "type": "object",
          "properties": {
            "answer": { "type": "string", "description": "The reply; on failure what went wrong and what to do next." },
            "conversation_id": { "type": "string", "description": "Pass it to continue this conversation. Empty when the arguments did not fit." },
            "served_by": { "anyOf": [{ "type": "string", "enum": ["local", "cloud"] }, { "type": "null" }], "description": "Who answered; null: nobody." },
            "mode": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "source": { "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "As the backend calls itself." },
            "degraded": { "type": "boolean", "description": "Not answered by the first choice, or by one that calls itself degraded." },
            "may_have_run": { "type": "boolean", "description": "Another attempt may have run the question too; on failure: any attempt." },
            "attempts": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "target": { "type": "string", "enum": ["local", "cloud"] },
                  "outcome": { "type": "string", "enum": ["answered", "refused", "unreachable", "dns", "connect_timeout", "tls", "identity", "http_status", "reset", "truncated", "malformed", "stalled", "deadline", "impostor", "error_mode", "abandoned", "skipped_open", "skipped_budget"] },
                  "status": { "anyOf": [{ "type": "integer" }, { "type": "null" }], "description": "HTTP status." },
                  "ms": { "type": "integer" },
                  "code": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                  "may_have_run": { "type": "boolean" }
                },
                "required": ["target", "outcome", "status", "ms", "code", "may_have_run"]
              }
            },
            "elapsed_ms": { "type": "integer" },
            "request_id": { "type": "string" },
            "operation_id": { "type": "string" },
            "artifacts": { "type": "array", "items": { "type": "object" } },
            "actions": { "type": "array", "items": { "type": "object" } },
            "meta": { "type": "object" },
            "error": {
              "anyOf": [
                {
                  "type": "object",
                  "properties": {
                    "code": { "type": "string" },
                    "detail": { "type": "string" },
                    "retry_after_seconds": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }
                  },
                  "required": ["code", "detail", "retry_after_seconds"]
                },
                { "type": "null" }
              ]
            },
            "session_id": { "type": "string" },
            "trace_id": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "job_id": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "sources": { "type": "array", "items": { "type": "object" } },
            "processing_time_ms": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }
          },
          "required": ["answer", "conversation_id", "served_by", "mode", "source", "degraded", "may_have_run", "attempts", "elapsed_ms", "request_id", "operation_id", "artifacts", "actions", "meta", "error", "session_id", "trace_id", "job_id", "sources", "processing_time_ms"]
        }
        """u8;
}
