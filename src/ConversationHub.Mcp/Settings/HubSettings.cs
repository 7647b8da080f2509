using ConversationHub.Mcp.Http;
using ConversationHub.Routing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Settings;

/// <summary>The owner's settings, bound once and validated together (wire.md §13). Immutable.</summary>
internal sealed record HubSettings
{
    internal required RoutingOptions Routing { get; init; }

    /// <summary>Default <c>user_id</c>.</summary>
    internal required string UserId { get; init; }

    /// <summary>Default <c>surface_id</c>; null: the client's name.</summary>
    internal string? SurfaceId { get; init; }

    /// <summary>Budget of a call without progress, 5–55 s.</summary>
    internal required TimeSpan Timeout { get; init; }

    internal required LogLevel LogLevel { get; init; }

    /// <summary>One JSON object a line instead of text.</summary>
    internal bool LogAsJson { get; init; }

    /// <summary>Whether the hub ends when the process that started it has died.</summary>
    internal bool WatchParent { get; init; } = true;

    /// <summary>Serve over HTTP; null: over standard input and output.</summary>
    internal HttpSettings? Http { get; init; }

    /// <summary><c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
    internal bool TelemetryWanted { get; init; }
}
