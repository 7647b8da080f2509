using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Costs;

/// <summary>The ledger that replicas share, in the tables of their store (wire.md §10.4).</summary>
internal sealed class SharedCostLedger : ICostLedger
{
    private readonly ISharedCosts _shared;
    private readonly CostLimits _limits;
    private readonly TimeProvider _time;
    private readonly IdSource _ids;
    private readonly Lock _gate = new();
    private KnownCosts _known;

    private SharedCostLedger(ISharedCosts shared, CostLimits limits, TimeProvider time, IdSource ids)
    {
        _shared = shared;
        _limits = limits;
        _time = time;
        _ids = ids;
        _known = new KnownCosts(Today, new CostTotals(0, 0));
    }

    /// <summary>Of what other replicas spend, this one learns with its next own call.</summary>
    public CostTotals Totals
    {
        get
        {
            lock (_gate)
                return _known.At(Today);
        }
    }

    private DateOnly Today => DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);

    /// <summary>Reads what was spent. If that fails, it is known with the first reservation: no decision rests on it.</summary>
    public static async Task<SharedCostLedger> OpenAsync(
        ISharedCosts shared, CostLimits limits, TimeProvider time, IdSource ids, CancellationToken cancellationToken)
    {
        var ledger = new SharedCostLedger(shared, limits, time, ids);
        if (await shared.ReadAsync(ledger.Today, cancellationToken) is SharedCostOutcome.Spent spent)
            ledger.Learn(ledger.Today, spent);
        return ledger;
    }

    public async Task<ReserveOutcome> ReserveAsync(decimal usd, CancellationToken cancellationToken)
    {
        var reservation = new CostReservation(_ids.NewOperationId().Value, Today, usd);
        if (usd == 0)
            return new ReserveOutcome.Granted(reservation);

        // Not cancellable half-way: a reservation that was made must be known here, to be settled.
        cancellationToken.ThrowIfCancellationRequested();
        switch (await _shared.ReserveAsync(
            new SharedCost(reservation.Id, reservation.Day, usd), _limits.DailyUsd, _limits.MonthlyUsd, CancellationToken.None))
        {
            case SharedCostOutcome.Spent spent:
                Learn(reservation.Day, spent);
                return new ReserveOutcome.Granted(reservation);
            case SharedCostOutcome.OverLimit over:
                return new ReserveOutcome.OverLimit(_limits.Hit(over.IsDaily ? CostLimitKind.Daily : CostLimitKind.Monthly, _time.GetUtcNow()));
            case SharedCostOutcome.Unavailable unavailable:
                return new ReserveOutcome.Unavailable(unavailable.Failure.Reason);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    public async Task<string?> SettleAsync(CostReservation reservation, decimal usd)
    {
        if (reservation.Usd == 0)
            return null;
        var failure = await _shared.SettleAsync(new SharedCost(reservation.Id, reservation.Day, usd), CancellationToken.None);
        if (failure is null)
        {
            lock (_gate)
                _known = _known.Less(reservation.Day, reservation.Usd - usd);
        }

        return failure?.Reason;
    }

    private void Learn(DateOnly day, SharedCostOutcome.Spent spent)
    {
        lock (_gate)
            _known = new KnownCosts(day, new CostTotals(spent.TodayUsd, spent.MonthUsd));
    }
}
