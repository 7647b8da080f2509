using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Http;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Erasures;

/// <summary>
/// Looks through what the store holds as erased and finishes what nobody told of here (docs/decisions/0060): metrics lines and audit records
/// that a kill between the erasure and its observers left undone, and metrics lines of what another replica erased.
/// </summary>
/// <param name="shared">Null where no replica shares the store.</param>
internal sealed class ErasureSweep(
    IErasureFeed feed, ISharedErasures? shared, ToldErasures told, ErasureAccounts accounts, MetricsEraser metrics, ArchiveAudit audit, BackendSettings settings,
    IdSource ids, TimeProvider time, ILogger<ErasureSweep> logger) : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    /// <summary>A sink that is alive takes a record in milliseconds; one that is not must not hold up the stop.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(1);

    private readonly ErasurePlaceFile _file = new(PlacePath(settings), logger);
    private readonly HashSet<OperationId> _settled = [];
    private readonly HashSet<OperationId> _accounted = [];
    private readonly Dictionary<OperationId, long> _firstSeen = [];
    private HashSet<OperationId> _atStart = [];
    private string? _place;
    private bool _isFirstEver;

    /// <summary>Where the place is kept: it belongs to the metrics file, where there is one.</summary>
    public static string PlacePath(BackendSettings settings) =>
        settings.Signals.MetricsFile is { } lines ? lines + ".place" : Path.Combine(settings.StateRoot, "erasures.place");

    /// <summary>What is in the store before anything is served was erased by an earlier process.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _place = _file.Load();
        _isFirstEver = _place is null;
        if (shared is null && (await feed.ReadErasuresAsync(_place, cancellationToken)).Page is { } page)
        {
            _atStart = page.Erasures.Select(static one => one.Id).ToHashSet();

            // The first erasure of all is to be found behind a place.
            if (_isFirstEver && _atStart.Count == 0)
            {
                _file.Save(page.Place);
                (_place, _isFirstEver) = (page.Place, false);
            }
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Once more when nothing is served any longer: what was told since the last look is then behind the place, and neither the next start nor
    /// another replica accounts for it again.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (shared is null)
            await TryAsync(LookAsync, cancellationToken);
        else
            await accounts.Settled.WaitAsync(SettleLimit, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            do
                await TryAsync(LookAndAccountAsync, stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops; what is left is found after the next start.
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> look, CancellationToken stoppingToken)
    {
        try
        {
            await look(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is, one look failed; an exception that left here would stop the whole program.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            logger.ErasureSweepBroken(bug);
        }
    }

    private async Task LookAndAccountAsync(CancellationToken stoppingToken)
    {
        await LookAsync(stoppingToken);
        if (shared is not null)
            await AccountForOthersAsync(shared, stoppingToken);
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        // Before the store is read: whatever is among it is in the store.
        var known = told.Snapshot();
        var (page, failure) = await feed.ReadErasuresAsync(_place, stoppingToken);
        if (failure is not null)
        {
            // The store tells its own failures; the next look comes in seconds.
            return;
        }

        var untold = page!.Erasures.Where(one => !known.Contains(one.Id) && !_settled.Contains(one.Id)).ToList();
        var due = untold.Where(IsDue).ToList();
        if (due.Count > 0 && !await TrySettleAsync(due))
            return;
        if (due.Count < untold.Count)
        {
            // Being told at this moment, as it seems. Until that is certain the place stays.
            _settled.UnionWith(due.Select(static one => one.Id));
            return;
        }

        _settled.Clear();
        _accounted.Clear();
        _firstSeen.Clear();
        (_place, _isFirstEver, _atStart) = (page.Place, false, []);

        // Where replicas share the store a page may come twice.
        if (shared is not null)
            _settled.UnionWith(page.Erasures.Select(static one => one.Id));
        _file.Save(page.Place);
        told.Forget(known);
    }

    /// <summary>
    /// Lines may be taken twice without harm, so that replicas need not wait. An audit record may not: whoever erased has a minute to make it,
    /// unless that was another process.
    /// </summary>
    private bool IsDue(StoredErasure erasure)
    {
        if (shared is not null || _atStart.Contains(erasure.Id))
            return true;
        if (!_firstSeen.TryGetValue(erasure.Id, out var seen))
            _firstSeen[erasure.Id] = seen = time.GetTimestamp();
        return time.GetElapsedTime(seen) >= ErasureTimes.AccountedWithin;
    }

    /// <returns>False when the metrics file could not be rewritten: the place stays, and the next look tries again.</returns>
    private async Task<bool> TrySettleAsync(List<StoredErasure> due)
    {
        // Without a place nothing is known of what earlier versions accounted for.
        if (shared is null && !_isFirstEver)
            Account([.. due.Where(one => _accounted.Add(one.Id))]);
        if (await metrics.EraseAsync(due) is not null)
            return false;
        logger.ErasuresSettled(due.Count);
        return true;
    }

    private async Task AccountForOthersAsync(ISharedErasures erasures, CancellationToken stoppingToken)
    {
        var (claimed, _) = await erasures.ClaimUnaccountedAsync(stoppingToken);
        foreach (var one in claimed ?? [])
        {
            if (!accounts.IsPending(one.Id) && !Account([one]))
                await accounts.NoteAsync(one.User, one.Id);
        }
    }

    /// <returns>False when all of them are in the audit file already.</returns>
    private bool Account(StoredErasure[] erasures)
    {
        if (erasures.Length == 0)
            return false;
        var recorded = settings.Signals.Audit.File is { } path ? AuditLog.ErasuresIn(path, logger) : new HashSet<string>();
        StoredErasure[] missing = [.. erasures.Where(one => !recorded.Contains(one.Id.ToString()))];
        foreach (var one in missing)
        {
            audit.Record(new ArchiveAct(
                one.ConversationId is null ? ArchiveActKind.UserErased : ArchiveActKind.ConversationErased, one.User, one.ConversationId, one.Id,
                new RequestState { RequestId = ids.NewRequestId(), StartedAt = time.GetTimestamp() }, ArchiveAct.NotCounted)
            {
                IsFoundLater = true,
            });
        }

        return missing.Length > 0;
    }
}
