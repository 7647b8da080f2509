using Maestra.Backend.Prices;

namespace Maestra.Backend.Settings;

/// <summary>Who answers.</summary>
internal abstract record AdvisorSettings
{
    private AdvisorSettings()
    {
    }

    /// <summary>A fixed reply; nothing outside is called.</summary>
    public sealed record Test : AdvisorSettings;

    /// <summary>Recall from the stored conversations.</summary>
    public sealed record Offline : AdvisorSettings;

    /// <param name="Providers">In the order in which they are asked; the next only when the one before has failed. At least one.</param>
    public sealed record Models(IReadOnlyList<ProviderSettings> Providers) : AdvisorSettings;
}

/// <summary>Which of the two formats a provider speaks.</summary>
internal enum ProviderApi
{
    /// <summary>OpenAI API, <c>POST /chat/completions</c>.</summary>
    ChatCompletions,

    /// <summary>Anthropic API, <c>POST /messages</c>.</summary>
    Messages,
}

/// <summary>One language model and how it is reached.</summary>
internal sealed record ProviderSettings
{
    /// <summary>As it is told in <c>meta.provider</c>.</summary>
    public required string Name { get; init; }

    public required ProviderApi Api { get; init; }

    /// <summary>Without the last part, such as <c>https://api.openai.com/v1</c>.</summary>
    public required Uri BaseUrl { get; init; }

    public required string Model { get; init; }

    /// <summary>Null for endpoints that need none.</summary>
    public required string? ApiKey { get; init; }

    /// <summary>The allowance of one reply.</summary>
    public required int MaxOutputTokens { get; init; }

    /// <summary>Null: not known, and then never told as a number.</summary>
    public required ModelPrice? Price { get; init; }

    /// <summary>What counts towards the cost limits: the price, or the dearest known one where it is not known (wire.md §8).</summary>
    public required ModelPrice CountedPrice { get; init; }
}
