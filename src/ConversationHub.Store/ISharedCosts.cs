namespace ConversationHub.Store;

/// <summary>
/// Costs that all replicas of a backend count together (wire.md §8, §10.4). A store that replicas share implements it; of one process
/// alone it is no concern. Thread-safe. A reservation counts as spent until it is settled, whatever becomes of who made it.
/// </summary>
public interface ISharedCosts
{
    /// <summary>Sets an amount aside when both limits allow it. Idempotent by id. Durable when it returns.</summary>
    /// <param name="dailyLimitUsd">Of the UTC day; null for none. Exactly at it is allowed.</param>
    /// <param name="monthlyLimitUsd">Of the UTC month; null for none.</param>
    /// <returns><see cref="SharedCostOutcome.Spent"/>, <see cref="SharedCostOutcome.OverLimit"/> or <see cref="SharedCostOutcome.Unavailable"/>.</returns>
    Task<SharedCostOutcome> ReserveAsync(SharedCost cost, decimal? dailyLimitUsd, decimal? monthlyLimitUsd, CancellationToken cancellationToken);

    /// <summary>Replaces the reservation of that id by what was spent. Idempotent: of an id that is not reserved, nothing is changed.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    Task<StoreFailure?> SettleAsync(SharedCost cost, CancellationToken cancellationToken);

    /// <returns><see cref="SharedCostOutcome.Spent"/> or <see cref="SharedCostOutcome.Unavailable"/>.</returns>
    Task<SharedCostOutcome> ReadAsync(DateOnly day, CancellationToken cancellationToken);
}

/// <param name="Day">UTC.</param>
/// <param name="Usd">Not negative, at most eight decimals.</param>
public sealed record SharedCost(Guid Id, DateOnly Day, decimal Usd);

/// <summary>What a reservation or a look gave.</summary>
public abstract record SharedCostOutcome
{
    private SharedCostOutcome()
    {
    }

    /// <summary>What counts as spent now; of a reservation, with it.</summary>
    public sealed record Spent(decimal TodayUsd, decimal MonthUsd) : SharedCostOutcome;

    /// <param name="IsDaily">The daily limit; else the monthly one.</param>
    public sealed record OverLimit(bool IsDaily) : SharedCostOutcome;

    public sealed record Unavailable(StoreFailure Failure) : SharedCostOutcome;
}
