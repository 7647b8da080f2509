namespace ConversationHub.Mcp.Settings;

/// <summary>Names of the settings that the hub reads (wire.md §13).</summary>
internal static class SettingNames
{
    internal const string LocalUrl = "MAESTRA_LOCAL_URL";
    internal const string CloudUrl = "MAESTRA_CLOUD_URL";
    internal const string FallbackEnabled = "MAESTRA_FALLBACK_ENABLED";
    internal const string Route = "MAESTRA_ROUTE";
    internal const string ApiKey = "MAESTRA_API_KEY";
    internal const string ApiKeyFile = "MAESTRA_API_KEY_FILE";
    internal const string UserId = "MAESTRA_USER_ID";
    internal const string SurfaceId = "MAESTRA_SURFACE_ID";
    internal const string TimeoutSeconds = "MAESTRA_TIMEOUT_SECONDS";
    internal const string HedgeMilliseconds = "MAESTRA_HEDGE_MS";
    internal const string LocalBackendId = "MAESTRA_LOCAL_BACKEND_ID";
    internal const string LogLevel = "LOG_LEVEL";
    internal const string LogFormat = "MAESTRA_LOG_FORMAT";
    internal const string TelemetryEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    internal const string WatchParent = "MAESTRA_WATCH_PARENT";
    internal const string ServerMode = "MCP_SERVER_MODE";
    internal const string ServerPort = "MCP_SERVER_PORT";
    internal const string ServerToken = "MCP_SERVER_TOKEN";
    internal const string ServerTokenFile = "MCP_SERVER_TOKEN_FILE";
    internal const string ConfigFile = "MAESTRA_CONFIG_FILE";
}
