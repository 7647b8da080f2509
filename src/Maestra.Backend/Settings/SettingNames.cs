namespace Maestra.Backend.Settings;

/// <summary>Names of the settings this program reads (wire.md §13), the same in the environment and in the configuration file.</summary>
internal static class SettingNames
{
    public const string Mode = "MAESTRA_MODE";
    public const string Port = "MAESTRA_PORT";

    /// <summary>How many hosting services name the port; read in cloud mode only.</summary>
    public const string HostingPort = "PORT";

    /// <summary>Address to listen on in cloud mode; all interfaces when unset. An addition to wire.md for tests and machines behind a proxy.</summary>
    public const string Host = "MAESTRA_HOST";

    public const string ConversationRoot = "CONVERSATION_HUB_ROOT";

    /// <summary>An addition to wire.md: docs/decisions/0010.</summary>
    public const string SearchIndex = "MAESTRA_SEARCH_INDEX";

    /// <summary>An addition to wire.md: docs/decisions/0012.</summary>
    public const string RetentionDays = "MAESTRA_RETENTION_DAYS";

    /// <summary>Of names that nobody else gives a meaning to.</summary>
    public const string Prefix = "MAESTRA_";

    public const string StateRoot = "MAESTRA_STATE_ROOT";
    public const string ConfigFile = "MAESTRA_CONFIG_FILE";
    public const string UserId = "MAESTRA_USER_ID";

    public const string ApiKey = "MAESTRA_API_KEY";
    public const string ApiKeys = "MAESTRA_API_KEYS";
    public const string ApiKeysFile = "MAESTRA_API_KEYS_FILE";
    public const string PrivateKey = "BACKEND_PRIVATE_KEY";

    /// <summary><c>file</c>, <c>keychain</c> or <c>secret-service</c>; an addition to wire.md §13.</summary>
    public const string KeyStore = "MAESTRA_KEY_STORE";

    public const string Peers = "MAESTRA_PEERS";
    public const string SyncInterval = "MAESTRA_SYNC_INTERVAL_SECONDS";

    /// <summary>Whose data may go to and come from peers, whatever the pairings say; an addition to wire.md §13 (issue 7).</summary>
    public const string SyncUsers = "MAESTRA_SYNC_USERS";

    public const string CorsOrigins = "CORS_ORIGINS";
    public const string TrustedProxies = "MAESTRA_TRUSTED_PROXIES";
    public const string EnforceHttps = "ENFORCE_HTTPS";
    public const string DatabaseUrl = "DATABASE_URL";
    public const string JwtSecretKey = "JWT_SECRET_KEY";
    public const string JwtIssuer = "JWT_ISSUER";
    public const string JwtAudience = "JWT_AUDIENCE";
    public const string JwtJwksFile = "JWT_JWKS_FILE";
    public const string RateLimitEnabled = "MAESTRA_RATE_LIMIT_ENABLED";
    public const string RateLimitRequests = "MAESTRA_RATE_LIMIT_REQUESTS";
    public const string RateLimitWindow = "MAESTRA_RATE_LIMIT_WINDOW";
    public const string RedisUrl = "REDIS_URL";

    public const string TestMode = "TEST_MODE";
    public const string LlmProvider = "LLM_PROVIDER";
    public const string LlmModel = "LLM_MODEL";
    public const string LlmBaseUrl = "LLM_BASE_URL";
    public const string LlmMaxTokens = "LLM_MAX_TOKENS";
    public const string LlmPriceInput = "LLM_PRICE_INPUT";
    public const string LlmPriceOutput = "LLM_PRICE_OUTPUT";
    public const string OpenRouterKey = "OPENROUTER_API_KEY";
    public const string OpenAiKey = "OPENAI_API_KEY";
    public const string OpenAiKeyAlias = "MAESTRA_OPENAI_KEY";
    public const string AnthropicKey = "ANTHROPIC_API_KEY";
    public const string AnthropicKeyAlias = "MAESTRA_ANTHROPIC_KEY";
    public const string GeminiKey = "GEMINI_API_KEY";

    public const string JhBrainUrl = "JH_BRAIN_URL";
    public const string MemoryHubUrl = "MEMORY_HUB_URL";
    public const string DeepResearchUrl = "DEEP_RESEARCH_URL";
    public const string Dependencies = "MAESTRA_DEPENDENCIES";
    public const string AuditSinks = "AUDIT_SINKS";
    public const string AuditToFile = "AUDIT_LOG_TO_FILE";
    public const string AuditToStdout = "AUDIT_LOG_STDOUT";
    public const string AuditWebhook = "AUDIT_WEBHOOK_URL";
    public const string SplunkUrl = "SPLUNK_HEC_URL";
    public const string SplunkToken = "SPLUNK_HEC_TOKEN";
    public const string SlackWebhook = "MAESTRA_SLACK_WEBHOOK_URL";
    public const string MetricsFile = "MAESTRA_METRICS_FILE";
    public const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary><c>grpc</c> or <c>http/protobuf</c>, as OpenTelemetry names it; by the endpoint's port when unset.</summary>
    public const string OtlpProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    // Additions to wire.md §13 (docs/decisions/0025, 0028).
    public const string LlmApiKey = "LLM_API_KEY";
    public const string LlmFallback = "LLM_FALLBACK";
    public const string LlmPricesFile = "LLM_PRICES_FILE";
    public const string OpenRouterBaseUrl = "OPENROUTER_BASE_URL";
    public const string OpenAiBaseUrl = "OPENAI_BASE_URL";
    public const string AnthropicBaseUrl = "ANTHROPIC_BASE_URL";
    public const string GeminiBaseUrl = "GEMINI_BASE_URL";
    public const string PromptsFolder = "MAESTRA_PROMPTS_FOLDER";
    public const string DailyCostLimit = "MAESTRA_DAILY_COST_LIMIT";
    public const string MonthlyCostLimit = "MAESTRA_MONTHLY_COST_LIMIT";

    public const string LogLevel = "LOG_LEVEL";
    public const string LogFormat = "MAESTRA_LOG_FORMAT";

    /// <summary>Secrets may stand in a file: the name of the setting with this behind it holds the path.</summary>
    public const string FileSuffix = "_FILE";
}
