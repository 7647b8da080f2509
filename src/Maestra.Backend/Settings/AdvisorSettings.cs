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

    /// <summary>A model behind an OpenAI-compatible endpoint.</summary>
    /// <param name="Name">As it is told in <c>meta.provider</c>.</param>
    /// <param name="ApiKey">Null for endpoints that need none.</param>
    /// <param name="MaxOutputTokens">The allowance of one reply.</param>
    /// <param name="Price">Null: taken from the table of known models.</param>
    public sealed record Provider(
        string Name, Uri BaseUrl, string Model, string? ApiKey, int MaxOutputTokens, ModelPrice? Price) : AdvisorSettings;
}

/// <summary>USD per million tokens.</summary>
internal sealed record ModelPrice(decimal Input, decimal Output);
