namespace Maestra.Backend.Settings;

/// <summary>A provider that needs no more than its key.</summary>
/// <param name="Model">Asked when none is named.</param>
/// <param name="KeyNames">The first is the one that errors name.</param>
internal sealed record KnownProvider(string Name, ProviderApi Api, string BaseUrl, string Model, string BaseUrlName, string[] KeyNames)
{
    /// <summary>In the order in which their keys are looked for (wire.md §13).</summary>
    public static readonly IReadOnlyList<KnownProvider> All =
    [
        new("openrouter", ProviderApi.ChatCompletions, "https://openrouter.ai/api/v1", "openai/gpt-4o-mini",
            SettingNames.OpenRouterBaseUrl, [SettingNames.OpenRouterKey]),
        new("openai", ProviderApi.ChatCompletions, "https://api.openai.com/v1", "gpt-4o-mini",
            SettingNames.OpenAiBaseUrl, [SettingNames.OpenAiKey, SettingNames.OpenAiKeyAlias]),
        new("anthropic", ProviderApi.Messages, "https://api.anthropic.com/v1", "claude-haiku-4-5",
            SettingNames.AnthropicBaseUrl, [SettingNames.AnthropicKey, SettingNames.AnthropicKeyAlias]),
        new("gemini", ProviderApi.ChatCompletions, "https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash",
            SettingNames.GeminiBaseUrl, [SettingNames.GeminiKey]),
    ];

    public static KnownProvider? Find(string name) => All.FirstOrDefault(provider => provider.Name == name);

    /// <returns>Null when it is not set.</returns>
    public string? Key(SettingReader reader) => KeyNames.Select(reader.Secret).FirstOrDefault(key => !string.IsNullOrEmpty(key));

    public Uri BaseUrlOf(SettingReader reader) => EndpointUrl.Read(reader, BaseUrlName) ?? new Uri(BaseUrl);
}

/// <summary>Where a model is reached: questions and keys travel there, so anything but loopback must be https.</summary>
internal static class EndpointUrl
{
    public static Uri? Read(SettingReader reader, string name)
    {
        if (reader.Find(name) is not { } value)
            return null;
        if (Uri.TryCreate(value.Text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
        {
            return url;
        }

        reader.Refuse(value, "an https URL, or an http URL of this machine such as http://127.0.0.1:11434/v1, without user, password, query or fragment");
        return null;
    }
}
