using ConversationHub.Contracts;

namespace Maestra.Backend.Costs;

/// <summary>
/// The ledger in <c>maestra_cost_tracker.json</c>. A reservation is added to the day at once and corrected when it is settled, so that
/// the file alone tells what counts as spent. Each change reads the file anew under a lock that processes share, and is on the disk
/// before it is told; changes that wait for each other share one write.
/// </summary>
internal sealed class FileCostLedger : ICostLedger, IDisposable
{
    private readonly CostFile _file;
    private readonly CostLimits _limits;
    private readonly TimeProvider _time;
    private readonly IdSource _ids;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Bounded by the asks at work, each of which waits for its own.</summary>
    private List<Change> _waiting = [];

    private volatile KnownCosts _known;

    private FileCostLedger(CostFile file, CostLimits limits, TimeProvider time, IdSource ids, CostBook book)
    {
        _file = file;
        _limits = limits;
        _time = time;
        _ids = ids;
        _known = new KnownCosts(Today, book.Totals(Today));
    }

    /// <summary>Of what another process spends, this one learns with its next own call.</summary>
    public CostTotals Totals => _known.At(Today);

    private DateOnly Today => DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);

    /// <returns>Null, with the reason for the operator, when what was spent cannot be known.</returns>
    public static FileCostLedger? Open(string stateRoot, CostLimits limits, TimeProvider time, IdSource ids, out string? refusal)
    {
        var file = new CostFile(stateRoot, time);
        return file.Read(out refusal) is { } book ? new FileCostLedger(file, limits, time, ids, book) : null;
    }

    public async Task<ReserveOutcome> ReserveAsync(decimal usd, CancellationToken cancellationToken)
    {
        var reservation = new CostReservation(_ids.NewOperationId().Value, Today, usd);
        if (usd == 0)
            return new ReserveOutcome.Granted(reservation);
        cancellationToken.ThrowIfCancellationRequested();
        var change = await ApplyAsync(new Change(reservation.Day, usd, isReservation: true));
        if (change.Failure is { } failure)
            return new ReserveOutcome.Unavailable(failure);
        return change.Over is { } over ? new ReserveOutcome.OverLimit(_limits.Hit(over, _time.GetUtcNow())) : new ReserveOutcome.Granted(reservation);
    }

    public async Task<string?> SettleAsync(CostReservation reservation, decimal usd) => usd == reservation.Usd
        ? null
        : (await ApplyAsync(new Change(reservation.Day, usd - reservation.Usd, isReservation: false))).Failure;

    public void Dispose() => _writing.Dispose();

    private async Task<Change> ApplyAsync(Change change)
    {
        lock (_gate)
            _waiting.Add(change);
        await _writing.WaitAsync();
        try
        {
            // Whoever came before may have taken it along.
            if (!change.IsDone)
                await WriteWaitingAsync();
            return change;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteWaitingAsync()
    {
        List<Change> batch;
        lock (_gate)
            (batch, _waiting) = (_waiting, []);
        var known = _known;

        // Also what a bug cuts short must end the changes of the others: not done, they would count as granted.
        var failure = "the change was not carried through";
        try
        {
            failure = await _file.UpdateAsync(book =>
            {
                var changed = false;
                foreach (var change in batch)
                    changed |= change.ApplyTo(book, _limits);
                book.Prune();
                known = new KnownCosts(Today, book.Totals(Today));
                return changed;
            });
            if (failure is null)
                _known = known;
        }
        finally
        {
            foreach (var change in batch)
                change.End(failure);
        }
    }

    private sealed class Change(DateOnly day, decimal usd, bool isReservation)
    {
        public bool IsDone { get; private set; }

        public string? Failure { get; private set; }

        public CostLimitKind? Over { get; private set; }

        /// <returns>False when a limit stands before it.</returns>
        public bool ApplyTo(CostBook book, CostLimits limits)
        {
            if (isReservation && (Over = limits.Check(book.Totals(day), usd)) is not null)
                return false;
            book.Add(day, usd);
            return true;
        }

        public void End(string? failure) => (Failure, IsDone) = (failure, true);
    }
}
