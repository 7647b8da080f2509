namespace Maestra.Backend.Costs;

/// <summary>
/// What was spent, by UTC day and month, and the limits on it (wire.md §8). A reservation counts as spent from the moment it is granted
/// until it is settled, also across a crash: nothing that may have been paid is forgotten. Thread-safe.
/// </summary>
internal interface ICostLedger
{
    /// <summary>Sets an amount aside before a call that has to be paid. Durable when it returns.</summary>
    /// <param name="usd">Not negative; 0 is always granted and costs no I/O.</param>
    /// <returns><see cref="ReserveOutcome.Granted"/>, <see cref="ReserveOutcome.OverLimit"/> or <see cref="ReserveOutcome.Unavailable"/>.</returns>
    Task<ReserveOutcome> ReserveAsync(decimal usd, CancellationToken cancellationToken);

    /// <summary>Replaces a reservation by what was spent, on the day of the reservation. Once for each.</summary>
    /// <returns>Null; or why it could not be done: the reservation then goes on counting as spent.</returns>
    Task<string?> SettleAsync(CostReservation reservation, decimal usd);

    /// <summary>What counts as spent today and this month, as it was last known. Reads memory only.</summary>
    CostTotals Totals { get; }
}

/// <summary>What a reservation gave.</summary>
internal abstract record ReserveOutcome
{
    private ReserveOutcome()
    {
    }

    public sealed record Granted(CostReservation Reservation) : ReserveOutcome;

    public sealed record OverLimit(CostLimitHit Hit) : ReserveOutcome;

    /// <param name="Reason">For the log.</param>
    public sealed record Unavailable(string Reason) : ReserveOutcome;
}

/// <param name="Day">UTC.</param>
internal sealed record CostReservation(Guid Id, DateOnly Day, decimal Usd);

/// <summary>In USD.</summary>
internal sealed record CostTotals(decimal Today, decimal Month);
