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

    private const string RunSql = "SELECT maestra.store_run()";
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
    /// Looks through a connection that is new where it leads to another run of the server, before anything is written through it: another replica, which
    /// remembers less, may have looked at that run first.
    /// </summary>
    public async Task LookThroughAsync(NpgsqlConnection connection)
    {
        try
        {
            var command = new NpgsqlCommand(RunSql, connection);
            await using (command.ConfigureAwait(false))
            {
                if (await command.ExecuteScalarAsync().ConfigureAwait(false) is string run && run != Volatile.Read(ref _run)?.Name)
                    await LookAsync(connection, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            // A dump is being read back, or the server is a standby: it takes no writes, and what only reads needs no look.
        }
    }

    /// <summary>What was seen of the server now and then: a later look knows by it that the files were put back from a copy.</summary>
    public Task SeenAsync(string run, long? flushed, CancellationToken cancellationToken)
    {
        // Within one run it only grows: a smaller one is a machine that was put back with its memory.
        if (Volatile.Read(ref _run) is not { } known || known.Name != run || flushed < known.Flushed)
            return LookAsync(cancellationToken);
        Keep(known with { Flushed = flushed });
        return Task.CompletedTask;
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
