using Maestra.Backend.Settings;

namespace Maestra.Backend.Advisors;

/// <summary>What an answer costs (wire.md §8). Pure.</summary>
internal static class ModelPrices
{
    private const decimal TokensPerPrice = 1_000_000;
    private const int CostDecimals = 8;

    /// <summary>The default models of the providers, by the beginning of their names; prices as their makers published them in 2025.</summary>
    private static readonly (string Model, ModelPrice Price)[] Known =
    [
        ("gpt-4o-mini", new ModelPrice(0.15m, 0.60m)),
        ("openai/gpt-4o-mini", new ModelPrice(0.15m, 0.60m)),
        ("claude-haiku-4-5", new ModelPrice(1.00m, 5.00m)),
        ("gemini-2.5-flash", new ModelPrice(0.30m, 2.50m)),
    ];

    /// <summary>In USD. A model on this machine costs nothing; one of unknown price counts as the dearest known.</summary>
    public static decimal Cost(AdvisorSettings.Provider provider, int inputTokens, int outputTokens)
    {
        var price = provider.Price ?? (provider.BaseUrl.IsLoopback ? new ModelPrice(0, 0) : Lookup(provider.Model));
        return decimal.Round(((inputTokens * price.Input) + (outputTokens * price.Output)) / TokensPerPrice, CostDecimals);
    }

    private static ModelPrice Lookup(string model)
    {
        foreach (var (known, price) in Known)
        {
            if (model.StartsWith(known, StringComparison.OrdinalIgnoreCase))
                return price;
        }

        return new ModelPrice(Known.Max(entry => entry.Price.Input), Known.Max(entry => entry.Price.Output));
    }
}
