using Maestra.Backend.Prices;

namespace Maestra.Backend.Settings;

/// <summary>
/// Chooses who answers: <c>LLM_PROVIDER</c>, else the first whose key is present, else recall (wire.md §13), and who is asked
/// when that one fails (docs/decisions/0025).
/// </summary>
internal static class AdvisorBinder
{
    private const int MaxOutputTokensDefault = 2000;
    private const int MaxOutputTokensMax = 200_000;
    private const string Offline = "offline";
    private const string Compatible = "compatible";
    private const string None = "none";

    /// <summary>What local servers take for "the model that is loaded".</summary>
    private const string CompatibleModel = "default";

    /// <summary>What says something about a model, and nothing where there is none.</summary>
    private static readonly string[] OfModels =
    [
        SettingNames.LlmModel, SettingNames.LlmApiKey, SettingNames.LlmApiKey + SettingNames.FileSuffix, SettingNames.LlmFallback,
        SettingNames.LlmPriceInput, SettingNames.LlmPriceOutput, SettingNames.LlmPricesFile, SettingNames.LlmMaxTokens,
    ];

    public static AdvisorSettings Bind(SettingReader reader)
    {
        var isTest = reader.Flag(SettingNames.TestMode);
        var name = reader.Choice(SettingNames.LlmProvider, "", [.. KnownProvider.All.Select(provider => provider.Name), Compatible, Offline]);
        var maxTokens = reader.Integer(SettingNames.LlmMaxTokens, 1, MaxOutputTokensMax) ?? MaxOutputTokensDefault;
        var price = Price(reader);
        var prices = Prices(reader);
        var baseUrl = EndpointUrl.Read(reader, SettingNames.LlmBaseUrl);
        var fallback = Fallback(reader);
        if (isTest)
            return new AdvisorSettings.Test();
        if (name == Offline)
            return new AdvisorSettings.Offline();

        var isCompatibleNext = fallback?.Any(choice => choice.Name == Compatible) ?? false;
        var first = name.Length > 0 ? name : Unnamed(reader, isCompatibleNext ? null : baseUrl) ?? (baseUrl is null ? null : Compatible);
        if (first is null)
        {
            foreach (var unused in OfModels.Where(reader.IsSet))
                reader.Warn($"{unused} is set and has no effect: no model is asked without the key of a provider or {SettingNames.LlmBaseUrl}");
            return new AdvisorSettings.Offline();
        }

        // The one URL there is belongs to the endpoint that has no other; only where there is none of that kind, to the first.
        var hasCompatible = first == Compatible || isCompatibleNext;
        var make = new ProviderMaker(reader, maxTokens, prices, hasCompatible ? baseUrl : null);
        if (make.First(first, reader.Text(SettingNames.LlmModel), hasCompatible ? null : baseUrl, price) is not { } primary)
            return new AdvisorSettings.Offline();
        var providers = new List<ProviderSettings> { primary };
        foreach (var (next, model) in fallback ?? DefaultFallback(reader, primary))
        {
            if (next != first && make.Next(next, model) is { } provider)
                providers.Add(provider);
        }

        foreach (var provider in providers.Where(provider => provider.Price is null))
        {
            reader.Warn(
                $"the price of {provider.Model} ({provider.Name}) is not known: its cost is told as unknown and counts as the dearest known; "
                + $"set {SettingNames.LlmPriceInput} and {SettingNames.LlmPriceOutput}, or name it in {SettingNames.LlmPricesFile}");
        }

        return new AdvisorSettings.Models(providers);
    }

    /// <summary>The first provider whose key is present, unless the URL has a key of its own. No key goes to another maker's host unless its provider was named.</summary>
    /// <param name="baseUrl">The URL of the first provider; null when it has none but its own.</param>
    /// <returns>Null when there is no key.</returns>
    private static string? Unnamed(SettingReader reader, Uri? baseUrl)
    {
        var keyed = KnownProvider.All.FirstOrDefault(provider => provider.Key(reader) is not null);
        if (keyed is null || baseUrl is null)
            return keyed?.Name;
        if (reader.Secret(SettingNames.LlmApiKey) is not null)
            return Compatible;
        if (!baseUrl.IsLoopback && baseUrl.Host != keyed.BaseUrlOf(reader).Host)
        {
            reader.Refuse(
                $"{SettingNames.LlmBaseUrl}: {baseUrl.Host} would be sent {keyed.KeyNames.First(name => reader.Secret(name) is { Length: > 0 })}; say {SettingNames.LlmProvider}={keyed.Name} if that is meant, "
                + $"else {SettingNames.LlmProvider}={Compatible}, with {SettingNames.LlmApiKey} where it needs a key");
        }

        return keyed.Name;
    }

    /// <summary>
    /// Every other provider whose key is present. None behind a model on this machine: whoever chose that one did not allow
    /// questions to leave it, and keys often lie in the environment for other programs.
    /// </summary>
    private static IEnumerable<(string Name, string? Model)> DefaultFallback(SettingReader reader, ProviderSettings primary)
    {
        if (primary.BaseUrl.IsLoopback)
            return [];
        return
            from provider in KnownProvider.All
            let key = provider.Key(reader)
            where key is not null && provider.Name != primary.Name && key != primary.ApiKey
            select (provider.Name, (string?)null);
    }

    /// <returns>Null when unset; empty for <c>none</c>.</returns>
    private static List<(string Name, string? Model)>? Fallback(SettingReader reader)
    {
        if (reader.Find(SettingNames.LlmFallback) is not { } value)
            return null;
        var chosen = new List<(string Name, string? Model)>();
        if (value.Text == None)
            return chosen;
        foreach (var entry in value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(':', 2);
            if ((parts[0] == Compatible || KnownProvider.Find(parts[0]) is not null) && parts is [_] or [_, { Length: > 0 }])
            {
                if (chosen.All(earlier => earlier.Name != parts[0]))
                    chosen.Add((parts[0], parts is [_, var model] ? model : null));
                continue;
            }

            reader.Refuse(value, $"{None}, or a comma list of openrouter, openai, anthropic, gemini, compatible, each with :model behind it if wanted; '{entry}' is none");
        }

        return chosen;
    }

    private static ModelPrice? Price(SettingReader reader)
    {
        var input = reader.Amount(SettingNames.LlmPriceInput);
        var output = reader.Amount(SettingNames.LlmPriceOutput);
        if (input is null != output is null)
            reader.Refuse($"{SettingNames.LlmPriceInput} and {SettingNames.LlmPriceOutput} are set together or not at all");
        return input is { } i && output is { } o ? new ModelPrice(i, o) : null;
    }

    private static PriceTable Prices(SettingReader reader)
    {
        if (reader.Find(SettingNames.LlmPricesFile) is not { } path || reader.FileText(path) is not { } text)
            return new PriceTable(new Dictionary<string, ModelPrice>());
        var prices = PriceFile.Parse(text, out var errors);
        foreach (var error in errors)
            reader.Refuse($"{path.Name} ({path.Origin}): '{path.Text}' {error}");
        return new PriceTable(prices);
    }

    /// <summary>Makes the settings of one provider from what is known of it and what is set.</summary>
    private sealed class ProviderMaker(SettingReader reader, int maxTokens, PriceTable prices, Uri? compatibleUrl)
    {
        /// <returns>Null, with an error, when something is missing.</returns>
        public ProviderSettings? First(string name, string? model, Uri? baseUrl, ModelPrice? price)
        {
            if (name != Compatible)
                return Known(name, SettingNames.LlmProvider, model, baseUrl, price);

            // The key of OpenAI has stood for that of any endpoint since before LLM_API_KEY; it never leaves this machine for anybody but OpenAI.
            var key = reader.Secret(SettingNames.LlmApiKey);
            if (key is null && reader.Secret(SettingNames.OpenAiKey) is { } openAi && compatibleUrl is not null)
            {
                if (compatibleUrl.IsLoopback)
                    key = openAi;
                else
                    reader.Warn($"{SettingNames.OpenAiKey} is not sent to {compatibleUrl.Host}: set {SettingNames.LlmApiKey} if that endpoint needs a key");
            }

            return Endpoint(SettingNames.LlmProvider, model, key, price);
        }

        /// <returns>Null, with an error, when something is missing.</returns>
        public ProviderSettings? Next(string name, string? model) => name == Compatible
            ? Endpoint(SettingNames.LlmFallback, model, reader.Secret(SettingNames.LlmApiKey), price: null)
            : Known(name, SettingNames.LlmFallback, model, baseUrl: null, price: null);

        private ProviderSettings? Known(string name, string setting, string? model, Uri? baseUrl, ModelPrice? price)
        {
            var known = KnownProvider.Find(name)!;
            if (known.Key(reader) is not { } key)
            {
                reader.Refuse($"{setting}: '{name}' needs its key; set {known.KeyNames[0]} or choose another provider");
                return null;
            }

            var url = baseUrl ?? known.BaseUrlOf(reader);
            return Make(name, known.Api, url, model ?? known.Model, key, price);
        }

        private ProviderSettings? Endpoint(string setting, string? model, string? key, ModelPrice? price)
        {
            if (compatibleUrl is not null)
                return Make(Compatible, ProviderApi.ChatCompletions, compatibleUrl, model ?? CompatibleModel, key, price);
            if (!reader.IsSet(SettingNames.LlmBaseUrl))
                reader.Refuse($"{setting}: 'compatible' needs {SettingNames.LlmBaseUrl}, such as http://127.0.0.1:11434/v1");
            return null;
        }

        private ProviderSettings Make(string name, ProviderApi api, Uri url, string model, string? key, ModelPrice? price)
        {
            price ??= url.IsLoopback ? prices.FindGiven(model) ?? ModelPrice.Free : prices.Find(model);
            return new ProviderSettings
            {
                Name = name,
                Api = api,
                BaseUrl = url,
                Model = model,
                ApiKey = key,
                MaxOutputTokens = maxTokens,
                Price = price,
                CountedPrice = price ?? prices.Dearest,
            };
        }
    }
}
