using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Prices;

/// <summary>
/// Prices that an operator gives: one JSON object, <c>{"model": {"input": 0.15, "output": 0.60}}</c>, in USD per million tokens. Pure.
/// </summary>
internal static class PriceFile
{
    private const int MaxModels = 1000;
    public const decimal MaxPrice = 1_000_000;
    private const string Shape = "expected {\"model\": {\"input\": 0.15, \"output\": 0.60}} in USD per million tokens";

    /// <param name="errors">Every mistake, each with the model it is about.</param>
    public static IReadOnlyDictionary<string, ModelPrice> Parse(string text, out IReadOnlyList<string> errors)
    {
        var prices = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);
        var mistakes = new List<string>();
        errors = mistakes;
        try
        {
            using var document = JsonDocument.Parse(text, MaestraJson.Document);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                mistakes.Add($"holds no JSON object; {Shape}");
            else if (document.RootElement.GetPropertyCount() > MaxModels)
                mistakes.Add($"holds more than {MaxModels} models");
            else
                Read(document.RootElement, prices, mistakes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter is thrown for an escaped half of a surrogate pair.
            mistakes.Add($"is not JSON; {Shape}");
        }

        return prices;
    }

    private static void Read(JsonElement models, Dictionary<string, ModelPrice> prices, List<string> mistakes)
    {
        foreach (var model in models.EnumerateObject())
        {
            if (model.Value.ValueKind == JsonValueKind.Object && Amount(model.Value, "input") is { } input && Amount(model.Value, "output") is { } output)
                prices[model.Name] = new ModelPrice(input, output);
            else
                mistakes.Add($"'{model.Name}': expected input and output, each a number from 0 to {MaxPrice}");
        }
    }

    private static decimal? Amount(JsonElement price, string name) =>
        price.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount)
        && amount is >= 0 and <= MaxPrice
            ? amount
            : null;
}
