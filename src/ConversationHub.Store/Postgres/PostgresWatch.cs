using System.Globalization;

namespace ConversationHub.Store.Postgres;

/// <summary>Asks the database now and then for what <c>/health</c> tells, which itself waits for nothing; and so notices when a lost one is back.</summary>
internal sealed class PostgresWatch : IAsyncDisposable
{
    private const string CountSql = "SELECT count(*)::text FROM maestra.conversations WHERE erased_by IS NULL";
    private const int RoundsPerCount = 10;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(2);

    private readonly Database _database;
    private readonly StatusBoard _board;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public PostgresWatch(Database database, StatusBoard board, TimeProvider time)
    {
        _database = database;
        _board = board;
        _time = time;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Round, _time);
        try
        {
            for (var round = 0; ; round = (round + 1) % RoundsPerCount)
            {
                if (round == 0 || _board.Current.Health != StoreHealthState.Healthy)
                    await CountAsync().ConfigureAwait(false);
                await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    private async Task CountAsync()
    {
        var (count, _) = await _database.QueryAsync(
            CountSql, static _ => { }, static reader => reader.All(static row => row.GetString(0)), _stopping.Token).ConfigureAwait(false);
        if (count is [var text])
            _board.Counted(int.Parse(text, CultureInfo.InvariantCulture));
    }
}
