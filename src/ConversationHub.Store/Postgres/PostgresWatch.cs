using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Asks the database now and then for what <c>/health</c> tells, which itself waits for nothing, and so notices when a lost one is back; and how far its
/// log is, by which a database that was put back to an earlier state is recognised.
/// </summary>
internal sealed class PostgresWatch : IAsyncDisposable
{
    private const string CountSql = "SELECT count(*)::text FROM maestra.conversations WHERE erased_by IS NULL";
    private const int RoundsPerCount = 10;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestAtAStop = TimeSpan.FromSeconds(2);

    private readonly Database _database;
    private readonly PostgresOrigins _origins;
    private readonly StatusBoard _board;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public PostgresWatch(Database database, PostgresOrigins origins, StatusBoard board, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _database = database;
        _origins = origins;
        _board = board;
        _time = time;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
        await SeeLastAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Round, _time);
        try
        {
            for (var round = 0; ; round = (round + 1) % RoundsPerCount)
            {
                if (round == 0 || _board.Current.Health != StoreHealthState.Healthy)
                    await TryAsync(CountAsync).ConfigureAwait(false);
                await TryAsync(() => SeeAsync(_stopping.Token)).ConfigureAwait(false);
                await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    /// <summary>A mistake of ours must not end the rounds: a lost database would then count as lost for good.</summary>
    private async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            StoreTelemetry.HousekeepingFailed(_logger, error);
        }
    }

    private async Task CountAsync()
    {
        var (count, _) = await _database.QueryAsync(
            CountSql, static _ => { }, static reader => reader.All(static row => row.GetString(0)), _stopping.Token).ConfigureAwait(false);
        if (count is [var text])
            _board.Counted(int.Parse(text, CultureInfo.InvariantCulture));
    }

    /// <summary>So that what was written since the last round is remembered at the next start.</summary>
    private async Task SeeLastAsync()
    {
        using var limit = new CancellationTokenSource(LongestAtAStop);
        try
        {
            await SeeAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is NpgsqlException or OperationCanceledException)
        {
            // The database is away as well; the last round is remembered.
        }
    }

    private async Task SeeAsync(CancellationToken cancellationToken)
    {
        var (seen, _) = await _database.QueryAsync(
            PostgresOrigins.SeeSql, static _ => { }, static reader => reader.All(PostgresOrigins.Seen), cancellationToken).ConfigureAwait(false);
        if (seen is [var now])
            await _origins.SeenAsync(now, cancellationToken).ConfigureAwait(false);
    }
}
