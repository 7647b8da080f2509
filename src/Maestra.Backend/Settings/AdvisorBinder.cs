namespace Maestra.Backend.Settings;

/// <summary>Chooses the provider: <c>LLM_PROVIDER</c>, else the first whose key is present, else recall (wire.md §13).</summary>
internal static class AdvisorBinder
{
    private const int MaxOutputTokensDefault = 2000;
    private const int MaxOutputTokensMax = 200_000;
    private const string Offline = "offline";
    private const string Compatible = "compatible";

    /// <summary>In the order in which their keys are looked for.</summary>
    private static readonly Known[] Providers =
    [
        new("openrouter", "https://openrouter.ai/api/v1", "openai/gpt-4o-mini", [SettingNames.OpenRouterKey]),
        new("openai", "https://api.openai.com/v1", "gpt-4o-mini", [SettingNames.OpenAiKey, SettingNames.OpenAiKeyAlias]),
        new("anthropic", "https://api.anthropic.com/v1", "claude-haiku-4-5", [SettingNames.AnthropicKey, SettingNames.AnthropicKeyAlias]),
        new("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash", [SettingNames.GeminiKey]),
    ];

    public static AdvisorSettings Bind(SettingReader reader)
    {
        var isTest = reader.Flag(SettingNames.TestMode);
        var name = reader.Choice(SettingNames.LlmProvider, "", [.. Providers.Select(provider => provider.Name), Compatible, Offline]);
        var maxTokens = reader.Integer(SettingNames.LlmMaxTokens, 1, MaxOutputTokensMax) ?? MaxOutputTokensDefault;
        var price = Price(reader);
        var baseUrl = BaseUrl(reader);

        if (isTest)
            return new AdvisorSettings.Test();
        if (name == Offline)
            return new AdvisorSettings.Offline();

        var chosen = name.Length > 0
            ? Array.Find(Providers, provider => provider.Name == name)
            : Array.Find(Providers, provider => provider.Key(reader) is not null);
        if (chosen is not null)
        {
            var key = chosen.Key(reader);
            if (key is null)
            {
                reader.Refuse($"{SettingNames.LlmProvider}: '{name}' needs its key; set {chosen.KeyNames[0]} or choose another provider");
                return new AdvisorSettings.Offline();
            }

            return new AdvisorSettings.Provider(
                chosen.Name, baseUrl ?? new Uri(chosen.BaseUrl), reader.Text(SettingNames.LlmModel) ?? chosen.Model, key, maxTokens, price);
        }

        if (baseUrl is not null)
        {
            return new AdvisorSettings.Provider(
                Compatible, baseUrl, reader.Text(SettingNames.LlmModel) ?? "default", reader.Secret(SettingNames.OpenAiKey), maxTokens, price);
        }

        if (name == Compatible && !reader.IsSet(SettingNames.LlmBaseUrl))
            reader.Refuse($"{SettingNames.LlmProvider}: 'compatible' needs {SettingNames.LlmBaseUrl}, such as http://127.0.0.1:11434/v1");
        return new AdvisorSettings.Offline();
    }

    /// <summary>Questions and keys travel there, so anything but loopback must be https.</summary>
    private static Uri? BaseUrl(SettingReader reader)
    {
        if (reader.Find(SettingNames.LlmBaseUrl) is not { } value)
            return null;
        if (Uri.TryCreate(value.Text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
        {
            return url;
        }

        reader.Refuse(value, "an https URL, or an http URL of this machine such as http://127.0.0.1:11434/v1, without user or password");
        return null;
    }

    private static ModelPrice? Price(SettingReader reader)
    {
        var input = reader.Amount(SettingNames.LlmPriceInput);
        var output = reader.Amount(SettingNames.LlmPriceOutput);
        if (input is null != output is null)
            reader.Refuse($"{SettingNames.LlmPriceInput} and {SettingNames.LlmPriceOutput} are set together or not at all");
        return input is { } i && output is { } o ? new ModelPrice(i, o) : null;
    }

    private sealed record Known(string Name, string BaseUrl, string Model, string[] KeyNames)
    {
        public string? Key(SettingReader reader) => KeyNames.Select(reader.Secret).FirstOrDefault(key => !string.IsNullOrEmpty(key));
    }
}
