using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp;

/// <summary>Log events of the hub, ids 4000 and up. None carries message text, a key or a client's data.</summary>
internal static partial class McpTelemetry
{
    [LoggerMessage(4001, LogLevel.Warning, "A line of input was refused with {Code}: {Reason}")]
    internal static partial void LineRefused(ILogger logger, int code, string reason);

    [LoggerMessage(4002, LogLevel.Warning, "Standard input cannot be read.")]
    internal static partial void InputFailed(ILogger logger, Exception failure);

    [LoggerMessage(4003, LogLevel.Warning, "Standard output cannot be written; the client is gone.")]
    internal static partial void OutputFailed(ILogger logger, Exception failure);

    [LoggerMessage(4004, LogLevel.Information, "The input ended with requests still open; they are abandoned.")]
    internal static partial void RequestsAbandoned(ILogger logger);

    [LoggerMessage(4005, LogLevel.Critical, "The stdio transport failed.")]
    internal static partial void TransportFailed(ILogger logger, Exception failure);

    [LoggerMessage(4010, LogLevel.Error, "The tool {Tool} failed unexpectedly.")]
    internal static partial void ToolFailed(ILogger logger, string tool, Exception failure);

    [LoggerMessage(4011, LogLevel.Warning, "The recent conversations are not listed as resources: {Reason}")]
    internal static partial void ConversationsNotListed(ILogger logger, string reason);

    [LoggerMessage(4012, LogLevel.Warning, "That a conversation is marked local_only could not be kept in {Folder} ({Reason}): once this hub has ended, its questions may go to the cloud while the local backend is down.")]
    internal static partial void MarkNotSaved(ILogger logger, string folder, string reason);

    [LoggerMessage(4020, LogLevel.Warning, "The parent process {ParentId} is gone; stopping.")]
    internal static partial void ParentDied(ILogger logger, int parentId);

    [LoggerMessage(4030, LogLevel.Information, "Serving MCP over HTTP at {Address}")]
    internal static partial void HttpListening(ILogger logger, string address);

    [LoggerMessage(4031, LogLevel.Warning, "MCP_SERVER_TOKEN is none: every program of this machine may ask through this hub.")]
    internal static partial void HttpWithoutToken(ILogger logger);

    [LoggerMessage(4021, LogLevel.Warning, "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this version exports no telemetry.")]
    internal static partial void TelemetryNotExported(ILogger logger);
}
