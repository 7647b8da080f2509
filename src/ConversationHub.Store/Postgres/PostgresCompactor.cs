using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Removes erased text from the files of the database, by itself soon after an erasure, by one replica at a time (wire.md §4).
/// The erasure itself has emptied the rows; what they held stands in their tables until those are written anew, which locks them meanwhile:
/// small ones at once, larger ones once a day or on demand. The server's write-ahead log, replicas and backups are its operator's.
/// </summary>
internal sealed class PostgresCompactor : IAsyncDisposable
{
    /// <summary>Tables together up to this are written anew at once: a matter of a second or two.</summary>
    private const long SmallBytes = 64L << 20;

    /// <summary>Within 24 h the text must be gone, whatever the size.</summary>
    private const int LargeAfterHours = 20;

    private const int VacuumSeconds = 3600;

    /// <summary>"maestra" in ASCII, plus one.</summary>
    private const long LockKey = 0x6d616573747262;

    private const string StateSql = $"""
        SELECT e.last_xid::text,
            e.first_at IS NOT NULL,
            pg_total_relation_size('maestra.operations') + pg_total_relation_size('maestra.conversations') <= $1
                OR e.first_at < clock_timestamp() - make_interval(hours => $2),
            EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
                AND age(a.backend_xmin) >= age(e.last_xid::xid))
        FROM maestra.erasures e
        """;

    private const string DoneSql = "UPDATE maestra.erasures SET first_at = NULL, last_xid = NULL WHERE last_xid::text = $1";
    private static readonly string[] Tables = ["maestra.operations", "maestra.conversations", "maestra.held"];
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(25);

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly IProgress<StoreProgress>? _progress;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public PostgresCompactor(NpgsqlDataSource source, TimeProvider time, IProgress<StoreProgress>? progress, ILogger logger)
    {
        _source = source;
        _time = time;
        _progress = progress;
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <param name="isWhole">Large tables are written anew too, and the turn is waited for.</param>
    /// <returns>Null when nothing erased is left that may go now, else why some may be.</returns>
    public async Task<StoreFailure?> CompactAsync(bool isWhole, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
                return await CompactAsync(connection, isWhole, cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever stops one round: the next must come, or nothing erased is ever removed again.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            StoreTelemetry.DatabaseNotCompacted(_logger, error.Message);
            return new StoreFailure(StoreFailureKind.Unavailable, "Erased text could not be removed from the database; it will be tried again.");
        }
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
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
                await CompactAsync(isWhole: false, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    private async Task<StoreFailure?> CompactAsync(NpgsqlConnection connection, bool isWhole, CancellationToken cancellationToken)
    {
        var state = await ReadStateAsync(connection, cancellationToken).ConfigureAwait(false);
        if (!state.IsPending)
            return null;
        if (!await LockAsync(connection, isWhole, cancellationToken).ConfigureAwait(false))
            return null;
        try
        {
            // Another replica may have done it in the meantime.
            state = await ReadStateAsync(connection, cancellationToken).ConfigureAwait(false);
            if (!state.IsPending)
                return null;
            if (state.IsSeenByAnother)
            {
                StoreTelemetry.DatabaseNotCompacted(_logger, "a transaction that began before the erasure is still open");
                return new StoreFailure(StoreFailureKind.Unavailable, "Another connection to the database still sees what was erased; it will be tried again.");
            }

            return await VacuumAsync(connection, state, isWhole || state.IsDue, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // With a connection that broke the lock is gone already.
            if (connection.FullState.HasFlag(ConnectionState.Open))
                await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<StoreFailure?> VacuumAsync(NpgsqlConnection connection, ErasureState state, bool isFull, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();

        // A table that is always in use is tried again later, instead of stopping all who come after.
        await ExecuteAsync(connection, "SET lock_timeout = '4s'", cancellationToken).ConfigureAwait(false);
        var full = isFull ? "FULL " : "";
        for (var done = 0; done < Tables.Length; done++)
        {
            Report(done);
            await ExecuteAsync(connection, $"VACUUM {full}{Tables[done]}", cancellationToken).ConfigureAwait(false);
        }

        Report(Tables.Length);
        if (!isFull)
            return null;
        var note = new NpgsqlCommand(DoneSql, connection);
        await using (note.ConfigureAwait(false))
        {
            note.Parameters.Text(state.LastXid);
            await note.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        StoreTelemetry.DatabaseCompacted(_logger, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        return null;
    }

    private void Report(int done) => _progress?.Report(new StoreProgress("writing the tables anew", done, Tables.Length, "tables"));

    private static async Task<ErasureState> ReadStateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(StateSql, connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Number(SmallBytes);
            command.Parameters.Number(LargeAfterHours);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) && !reader.IsDBNull(0)
                    ? new ErasureState(reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2), !reader.IsDBNull(3) && reader.GetBoolean(3))
                    : new ErasureState("", IsPending: false, IsDue: false, IsSeenByAnother: false);
            }
        }
    }

    private static async Task<bool> LockAsync(NpgsqlConnection connection, bool waits, CancellationToken cancellationToken)
    {
        if (waits)
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken).ConfigureAwait(false);
            return true;
        }

        var command = new NpgsqlCommand($"SELECT pg_try_advisory_lock({LockKey})", connection);
        await using (command.ConfigureAwait(false))
            return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = VacuumSeconds };
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <param name="LastXid">Transaction of the last erasure.</param>
/// <param name="IsDue">The tables are small, or have waited long.</param>
/// <param name="IsSeenByAnother">A transaction is open that still sees what was erased, so the server would keep it.</param>
internal sealed record ErasureState(string LastXid, bool IsPending, bool IsDue, bool IsSeenByAnother);
