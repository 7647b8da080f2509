using ConversationHub.Contracts;

namespace Maestra.Backend.Settings;

/// <summary>The names that somebody reads: one that nobody does is a slip of the pen, whose owner should hear of it.</summary>
internal static class KnownSettings
{
    private const int MaxSlips = 3;

    private static readonly string[] Own =
    [
        SettingNames.Mode, SettingNames.Port, SettingNames.HostingPort, SettingNames.Host, SettingNames.ConversationRoot, SettingNames.SearchIndex,
        SettingNames.RetentionDays, SettingNames.StateRoot, SettingNames.ConfigFile, SettingNames.UserId, SettingNames.ApiKey, SettingNames.ApiKeys,
        SettingNames.ApiKeysFile, SettingNames.PrivateKey, SettingNames.KeyStore, SettingNames.Peers, SettingNames.SyncInterval,
        SettingNames.SyncUsers, SettingNames.CorsOrigins, SettingNames.TrustedProxies, SettingNames.EnforceHttps, SettingNames.DatabaseUrl,
        SettingNames.JwtSecretKey, SettingNames.JwtIssuer, SettingNames.JwtAudience, SettingNames.JwtJwksFile, SettingNames.RateLimitEnabled,
        SettingNames.RateLimitRequests, SettingNames.RateLimitWindow, SettingNames.RedisUrl, SettingNames.TestMode, SettingNames.LlmProvider,
        SettingNames.LlmModel, SettingNames.LlmBaseUrl, SettingNames.LlmMaxTokens, SettingNames.LlmPriceInput, SettingNames.LlmPriceOutput,
        SettingNames.OpenRouterKey, SettingNames.OpenAiKey, SettingNames.OpenAiKeyAlias, SettingNames.AnthropicKey, SettingNames.AnthropicKeyAlias,
        SettingNames.GeminiKey, SettingNames.JhBrainUrl, SettingNames.MemoryHubUrl, SettingNames.DeepResearchUrl, SettingNames.Dependencies,
        SettingNames.AuditSinks, SettingNames.AuditToFile, SettingNames.AuditToStdout, SettingNames.AuditWebhook, SettingNames.SplunkUrl,
        SettingNames.SplunkToken, SettingNames.SlackWebhook, SettingNames.MetricsFile, SettingNames.OtlpEndpoint, SettingNames.OtlpProtocol,
        SettingNames.LlmApiKey, SettingNames.LlmFallback, SettingNames.LlmPricesFile, SettingNames.OpenRouterBaseUrl, SettingNames.OpenAiBaseUrl,
        SettingNames.AnthropicBaseUrl, SettingNames.GeminiBaseUrl, SettingNames.PromptsFolder, SettingNames.DailyCostLimit,
        SettingNames.MonthlyCostLimit, SettingNames.LogLevel, SettingNames.LogFormat,
    ];

    /// <summary>Those of the hub, which reads the same file.</summary>
    private static readonly string[] OfTheHub =
    [
        "MAESTRA_LOCAL_URL", "MAESTRA_CLOUD_URL", "MAESTRA_FALLBACK_ENABLED", "MAESTRA_ROUTE", "MAESTRA_SURFACE_ID", "MAESTRA_TIMEOUT_SECONDS",
        "MAESTRA_HEDGE_MS", "MAESTRA_LOCAL_BACKEND_ID", "MAESTRA_WATCH_PARENT", "MCP_SERVER_MODE", "MCP_SERVER_PORT", "MCP_SERVER_TOKEN",
    ];

    /// <summary>
    /// Those which say whose text may leave and who may come in: one that is written wrongly lets text go where its owner said it must not
    /// (docs/decisions/0077).
    /// </summary>
    private static readonly string[] DecideWhoGetsText =
    [
        SettingNames.SyncUsers, SettingNames.Mode, SettingNames.Host, SettingNames.ApiKey, SettingNames.ApiKey + SettingNames.FileSuffix,
        SettingNames.ApiKeys, SettingNames.ApiKeysFile, SettingNames.ConfigFile,
    ];

    /// <summary>A name as short as MAESTRA_HOME, two letters from two of ours, is somebody's own.</summary>
    private const int ShortName = 4;

    private static readonly HashSet<string> All = new([.. Own, .. OfTheHub], StringComparer.Ordinal);

    /// <summary>Also true for the name of a file that holds the value.</summary>
    public static bool Has(string name) =>
        All.Contains(name) || (name.EndsWith(SettingNames.FileSuffix, StringComparison.Ordinal) && All.Contains(name[..^SettingNames.FileSuffix.Length]));

    /// <summary>One of the names that decide who gets text, when <paramref name="name"/>, which nobody reads, was probably meant to be it.</summary>
    public static string? MeantToDecide(string name)
    {
        var nearest = DecideWhoGetsText.Select(known => (Known: known, Slips: Spelling.Slips(name.ToUpperInvariant(), known))).MinBy(static candidate => candidate.Slips);
        return nearest.Slips <= (nearest.Known.Length - SettingNames.Prefix.Length <= ShortName ? 1 : 2) ? nearest.Known : null;
    }

    /// <returns>Null when no name is like it.</returns>
    public static string? Nearest(string name)
    {
        var nearest = All.Select(known => (Known: known, Slips: Spelling.Slips(name.ToUpperInvariant(), known))).MinBy(static candidate => candidate.Slips);
        return nearest.Slips <= MaxSlips ? nearest.Known : null;
    }
}
