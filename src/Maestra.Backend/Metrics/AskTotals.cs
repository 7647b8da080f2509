namespace Maestra.Backend.Metrics;

/// <summary>The asks that were finished since the process started. Immutable.</summary>
/// <param name="Requests">All of them.</param>
/// <param name="Errors">Those with a status of 400 or more.</param>
/// <param name="LatencyMs">Sum over all.</param>
/// <param name="CostUsd">Sum over all; a replay costs nothing.</param>
internal sealed record AskTotals(long Requests, long Errors, double LatencyMs, decimal CostUsd)
{
    public const int FirstErrorStatus = 400;

    public static readonly AskTotals None = new(0, 0, 0, 0);

    /// <summary>0 before the first ask.</summary>
    public double AverageLatencyMs => Requests == 0 ? 0 : LatencyMs / Requests;

    public AskTotals With(int status, double latencyMs, decimal costUsd) =>
        new(Requests + 1, Errors + (status >= FirstErrorStatus ? 1 : 0), LatencyMs + latencyMs, CostUsd + costUsd);
}
