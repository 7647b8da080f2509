namespace ConversationHub.Testing.Mcp;

/// <summary>How a client opens: mcp.md §1.</summary>
public enum McpEra
{
    /// <summary>2025-11-25 and older: <c>initialize</c>, then <c>notifications/initialized</c>.</summary>
    Handshake,

    /// <summary>2026-07-28: no handshake, each request carries its version and capabilities in <c>_meta</c>.</summary>
    Stateless,
}
