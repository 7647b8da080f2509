using System.Text.RegularExpressions;

namespace Maestra.Backend.Prices;

/// <summary>
/// What known models cost. A model is found by its whole name, or by a known name and a date behind it; the vendor that a router
/// puts before it does not matter. Never guessed: what is not found is unknown. Pure.
/// </summary>
internal sealed partial class PriceTable
{
    /// <summary>As their makers published them for plain text calls at the end of 2025; the file that LLM_PRICES_FILE names overrides them.</summary>
    private static readonly Dictionary<string, ModelPrice> BuiltIn = new(StringComparer.Ordinal)
    {
        ["gpt-5"] = new(1.25m, 10.00m),
        ["gpt-5-mini"] = new(0.25m, 2.00m),
        ["gpt-5-nano"] = new(0.05m, 0.40m),
        ["gpt-4-1"] = new(2.00m, 8.00m),
        ["gpt-4-1-mini"] = new(0.40m, 1.60m),
        ["gpt-4-1-nano"] = new(0.10m, 0.40m),
        ["gpt-4o"] = new(2.50m, 10.00m),
        ["gpt-4o-mini"] = new(0.15m, 0.60m),
        ["o3"] = new(2.00m, 8.00m),
        ["o4-mini"] = new(1.10m, 4.40m),
        ["claude-opus-4-5"] = new(5.00m, 25.00m),
        ["claude-opus-4-1"] = new(15.00m, 75.00m),
        ["claude-sonnet-4-5"] = new(3.00m, 15.00m),
        ["claude-sonnet-4"] = new(3.00m, 15.00m),
        ["claude-haiku-4-5"] = new(1.00m, 5.00m),
        ["gemini-2-5-pro"] = new(1.25m, 10.00m),
        ["gemini-2-5-flash"] = new(0.30m, 2.50m),
        ["gemini-2-5-flash-lite"] = new(0.10m, 0.40m),
    };

    private readonly Dictionary<string, ModelPrice> _prices;
    private readonly Dictionary<string, ModelPrice> _given = new(StringComparer.Ordinal);

    /// <param name="overrides">By the name of the model; they win over what is built in.</param>
    public PriceTable(IReadOnlyDictionary<string, ModelPrice> overrides)
    {
        _prices = new Dictionary<string, ModelPrice>(BuiltIn, StringComparer.Ordinal);
        foreach (var (model, price) in overrides)
            _prices[Normalise(model)] = _given[Normalise(model)] = price;
        Dearest = new ModelPrice(_prices.Values.Max(price => price.Input), _prices.Values.Max(price => price.Output));
    }

    /// <summary>The highest known price of input and that of output.</summary>
    public ModelPrice Dearest { get; }

    /// <returns>Null when the price is not known.</returns>
    public ModelPrice? Find(string model) => Find(_prices, model);

    /// <summary>The price that the operator gave: a service on this machine may pass questions on to a model that has one.</summary>
    /// <returns>Null when the operator gave none for this model.</returns>
    public ModelPrice? FindGiven(string model) => Find(_given, model);

    private static ModelPrice? Find(Dictionary<string, ModelPrice> prices, string model)
    {
        var name = Normalise(model);
        return Lookup(prices, name) ?? (name.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? Lookup(prices, name[(slash + 1)..]) : null);
    }

    private static ModelPrice? Lookup(Dictionary<string, ModelPrice> prices, string name) =>
        prices.GetValueOrDefault(name) ?? prices.GetValueOrDefault(Dated().Replace(name, ""));

    /// <summary>Routers and makers write one version with a dot and with a dash.</summary>
    private static string Normalise(string model) => model.Trim().ToLowerInvariant().Replace('.', '-');

    /// <summary>A date, or "latest": four digits at least, so that the "-1" of another version is none.</summary>
    [GeneratedRegex(@"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Dated();
}
