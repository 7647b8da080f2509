using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Runs statements and turns what the server or the network does into values. Thread-safe; connections come from a pool.</summary>
internal sealed class Database(NpgsqlDataSource source, StatusBoard board, TimeProvider time, ILogger logger)
{
    /// <summary>A lost connection is tried once more with a new one: every write is recognised when it comes again.</summary>
    private const int Attempts = 2;

    /// <summary>What to do when another replica has closed the stream that was written to; the write is then tried again.</summary>
    public Func<CancellationToken, Task>? OriginClosed { get; set; }

    /// <param name="longest">For what takes long by its nature; null: as the address says.</param>
    /// <param name="isWrite">It makes something of the store durable: its time is recorded, and it must not be called undone when only its answer was lost.</param>
    /// <param name="isRecognised">A write that may be called undone all the same: its caller sends it again, and what is there is then recognised.</param>
    /// <returns>The result, or why there is none.</returns>
    public async Task<(T? Value, StoreFailure? Failure)> QueryAsync<T>(
        string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken,
        TimeSpan? longest = null, bool isWrite = false, bool isRecognised = false)
        where T : class
    {
        var mayHaveRun = false;
        for (var attempt = 1; ; attempt++)
        {
            long? sent = null;
            try
            {
                var value = await RunAsync(sql, bind, read, longest, () => sent = time.GetTimestamp(), cancellationToken).ConfigureAwait(false);
                if (isWrite)
                    StoreTelemetry.CommitSeconds.Record(time.GetElapsedTime(sent!.Value).TotalSeconds);
                board.Refusing(null);
                return (value, null);
            }
            catch (PostgresException error) when (error.SqlState == PostgresOrigins.Closed && OriginClosed is not null)
            {
                // Twice in a row: another replica takes new origins at this very moment.
                if (attempt == Attempts || await RenewAsync(OriginClosed, cancellationToken).ConfigureAwait(false) is not null)
                    return (null, Refused(mayHaveRun, StoreFailureKind.Unavailable, "The store is taking new origins.", error));
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DiskFull)
            {
                return (null, Refused(mayHaveRun, StoreFailureKind.NoRoom, "The disk of the database is full.", error));
            }
            catch (NpgsqlException error) when (IsLost(error))
            {
                mayHaveRun |= isWrite && !isRecognised && sent is not null && !IsUndone(error);

                // Somebody else's lock, not a lost database: others are answered meanwhile, and health stays as it is.
                if (sent is not null && IsOutOfTime(error) && await AnswersAsync(cancellationToken).ConfigureAwait(false))
                    return (null, Told(mayHaveRun, StoreFailureKind.Unavailable, "What this needs is being changed by something that takes long."));

                // One that took too long is not asked twice: that would double the time its caller waits.
                if (attempt < Attempts && error.InnerException is not TimeoutException)
                    continue;
                return (null, Refused(mayHaveRun, StoreFailureKind.Unavailable, "The database cannot be reached.", error));
            }
        }
    }

    /// <returns>Why not, if the connection was lost at this moment.</returns>
    private static async Task<NpgsqlException?> RenewAsync(Func<CancellationToken, Task> renew, CancellationToken cancellationToken)
    {
        try
        {
            await renew(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (NpgsqlException error) when (IsLost(error))
        {
            return error;
        }
    }

    /// <param name="onSent">Called when a connection is there, before the statement goes to it.</param>
    private async Task<T> RunAsync<T>(
        string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, T> read, TimeSpan? longest, Action onSent, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = new NpgsqlCommand(sql, connection);
            await using (command.ConfigureAwait(false))
            {
                if (longest is { } time)
                    command.CommandTimeout = (int)time.TotalSeconds;
                bind(command.Parameters);
                onSent();
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                    return read(reader);
            }
        }
    }

    /// <summary>Everything that a new connection, or a little time, may put right; the rest is a mistake of ours.</summary>
    private static bool IsLost(NpgsqlException error) =>
        error is not PostgresException server || server.IsTransient
        || server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable;

    private static bool IsOutOfTime(NpgsqlException error) =>
        error.InnerException is TimeoutException || error is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable };

    /// <summary>Whether the database answers anybody else.</summary>
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync("SELECT 1", static _ => { }, static _ => "", PostgresLimits.LongestSignOfLife, static () => { }, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>
    /// A server that answers with an error has rolled the statement back; one that ends, by order or by a crash of its own, may have
    /// committed before.
    /// </summary>
    private static bool IsUndone(NpgsqlException error) =>
        error is PostgresException server && server.SqlState is not (PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown);

    /// <param name="mayHaveRun">An earlier try of the same write may have been kept, whatever became of this one.</param>
    private StoreFailure Refused(bool mayHaveRun, StoreFailureKind kind, string reason, NpgsqlException error)
    {
        if (board.Current.Health != StoreHealthState.Unavailable)
            StoreTelemetry.DatabaseLost(logger, error.Message);
        board.Refusing(reason);
        return Told(mayHaveRun, kind, reason);
    }

    private static StoreFailure Told(bool mayHaveRun, StoreFailureKind kind, string reason) => mayHaveRun
        ? new StoreFailure(StoreFailureKind.OutcomeUnknown, "The database did not say whether it kept this.")
        : new StoreFailure(kind, reason);
}
