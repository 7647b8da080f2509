namespace Maestra.Backend.Prices;

/// <summary>USD per million tokens.</summary>
internal sealed record ModelPrice(decimal Input, decimal Output)
{
    public const int CostDecimals = 8;
    private const decimal TokensPerPrice = 1_000_000;

    /// <summary>Of a model on this machine.</summary>
    public static readonly ModelPrice Free = new(0, 0);

    public bool IsFree => Input == 0 && Output == 0;

    /// <summary>In USD, rounded up at the eighth decimal, so that nothing paid becomes nothing.</summary>
    public decimal Of(long inputTokens, long outputTokens)
    {
        var exact = ((inputTokens * Input) + (outputTokens * Output)) / TokensPerPrice;
        return decimal.Round(exact, CostDecimals, MidpointRounding.ToPositiveInfinity);
    }
}
