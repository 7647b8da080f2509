using System.Text;
using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>What a call costs, before and after it (wire.md §8). Pure.</summary>
internal static class CallCost
{
    private const int BytesPerToken = 4;

    /// <summary>A quarter of the prompt's bytes, and the whole output allowance.</summary>
    public static decimal Estimate(ProviderSettings settings, ModelPrompt prompt) =>
        settings.CountedPrice.Of(Tokens(prompt.Bytes), settings.MaxOutputTokens);

    /// <summary>What counts towards the limits; where the provider told no tokens, they are estimated.</summary>
    public static decimal Counted(ProviderSettings settings, ModelPrompt prompt, ModelOutcome.Answered answered) => answered.Usage is { } usage
        ? settings.CountedPrice.Of(usage.Input, usage.Output)
        : settings.CountedPrice.Of(Tokens(prompt.Bytes), Tokens(Encoding.UTF8.GetByteCount(answered.Text)));

    /// <returns>Null when price or tokens are not known: it is then not told as a number.</returns>
    public static decimal? Known(ProviderSettings settings, ModelOutcome.Answered answered) => settings.Price switch
    {
        null => null,
        { IsFree: true } => 0,
        var price => answered.Usage is { } usage ? price.Of(usage.Input, usage.Output) : null,
    };

    private static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;
}
