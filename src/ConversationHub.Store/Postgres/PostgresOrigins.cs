using ConversationHub.Contracts;
using ConversationHub.Store.Origins;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Names of this backend's streams in the database, which all replicas share, and their renewal (wire.md §9.5): also when the database is put back to
/// an earlier state while replicas run (decision 61). Thread-safe.
/// </summary>
internal sealed class PostgresOrigins(
    NpgsqlDataSource source, string backendId, string storeId, IdSource ids, IDatabaseMemory? memory, ILogger logger)
{
    /// <summary>Raised by <c>maestra.lock_head</c> when new origins were taken, or nobody has looked at this state of the database yet.</summary>
    public const string Closed = "MAORG";

    /// <summary>By what a replica sees that it has to look: the run of the server, the store in the database, and how far the log is.</summary>
    public const string SeeSql = "SELECT maestra.store_run(), (SELECT store_id FROM maestra.store), maestra.store_flushed()";

    private const string TakeSql = "SELECT maestra.take_new($1, $2, $3)";
    private const string LookSql = "SELECT id, run, place, flushed, why FROM maestra.store_look($1, $2, $3, $4, $5)";

    private readonly Lock _keeping = new();
    private string _storeId = storeId;

    /// <summary>The latest that this replica has seen, before its first look in an earlier process.</summary>
    private DatabaseRun? _run = DatabaseRun.TryParse(memory?.Load());

    public string Prefix => backendId + "~";

    public string Own(string user) => OriginName.Of(backendId, Volatile.Read(ref _storeId), user, OriginPurpose.Own);

    public bool IsPresent(string origin, string user) =>
        origin == Own(user) || origin == OriginName.Of(backendId, Volatile.Read(ref _storeId), user, OriginPurpose.Import);

    public async Task TakeNewAsync(string why, CancellationToken cancellationToken)
    {
        var command = source.CreateCommand(TakeSql);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Text(StoreIdentity.New(ids).StoreId);
            command.Parameters.Text(Volatile.Read(ref _storeId));
            command.Parameters.Text(backendId);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        StoreTelemetry.NewIdentity(logger, why);
        await LookAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks whether the database is still the one that was left, takes new origins where it is not, and the names that hold now.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
            await LookAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Looks through a connection that is new where it leads to another run of the server, or to a machine that was put back with its memory (which cuts
    /// the connections to it), before anything is written through it: another replica, which remembers less, may have looked first.
    /// </summary>
    public async Task LookThroughAsync(NpgsqlConnection connection)
    {
        try
        {
            if (await IsAnotherAsync(connection).ConfigureAwait(false))
                await LookAsync(connection, CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            // A dump is being read back, or the server is a standby: it takes no writes, and what only reads needs no look.
        }
    }

    /// <summary>What was seen of the server now and then: a later look knows by it that the files were put back from a copy.</summary>
    /// <param name="seen">A row of <see cref="SeeSql"/>.</param>
    public Task SeenAsync((string Run, string? StoreId, long? Flushed) seen, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _run) is not { } known || IsAnother(known, seen))
            return LookAsync(cancellationToken);
        Keep(known with { Flushed = seen.Flushed });
        return Task.CompletedTask;
    }

    public static (string Run, string? StoreId, long? Flushed) Seen(NpgsqlDataReader row) => (row.GetString(0), row.TextOrNull(1), row.NumberOrNull(2));

    /// <summary>Within one run the log only grows: a shorter one is a machine that was put back with its memory.</summary>
    private static bool IsAnother(DatabaseRun known, (string Run, string? StoreId, long? Flushed) seen) =>
        known.Name != seen.Run || known.StoreId != seen.StoreId || seen.Flushed < known.Flushed;

    private async Task<bool> IsAnotherAsync(NpgsqlConnection connection)
    {
        // Read first: what is seen after that is not less, unless it was put back.
        var known = Volatile.Read(ref _run);
        var command = new NpgsqlCommand(SeeSql, connection);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
                return await reader.ReadAsync().ConfigureAwait(false) && (known is null || IsAnother(known, Seen(reader)));
        }
    }

    private async Task LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = Volatile.Read(ref _run);
        var command = new NpgsqlCommand(LookSql, connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Text(StoreIdentity.New(ids).StoreId);
            command.Parameters.Text(backendId);
            command.Parameters.Text(known?.StoreId);
            command.Parameters.Text(known?.Place);
            command.Parameters.NumberOrNull(known?.Flushed);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                // Without its row a dump is being read back at this moment: nothing is written until it is there.
                if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    return;
                Volatile.Write(ref _storeId, reader.GetString(0));
                Keep(new DatabaseRun(reader.GetString(1), reader.GetString(0), reader.GetString(2), reader.NumberOrNull(3)));
                if (reader.TextOrNull(4) is { } why)
                    StoreTelemetry.NewIdentity(logger, why);
            }
        }
    }

    private void Keep(DatabaseRun seen)
    {
        lock (_keeping)
        {
            Volatile.Write(ref _run, seen);
            if (seen.ToText() is { } text)
                memory?.Save(text);
        }
    }
}
