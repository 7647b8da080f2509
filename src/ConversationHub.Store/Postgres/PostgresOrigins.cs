using ConversationHub.Contracts;
using ConversationHub.Store.Origins;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Names of this backend's streams in the database, which all replicas share, and their renewal (wire.md §9.5): also when the database is put back to
/// an earlier state while replicas run (decision 61). Thread-safe.
/// </summary>
internal sealed class PostgresOrigins(NpgsqlDataSource source, string backendId, string storeId, IdSource ids, ILogger logger)
{
    /// <summary>Raised by <c>maestra.lock_head</c> when new origins were taken, or nobody has looked at this state of the database yet.</summary>
    public const string Closed = "MAORG";

    private const string TakeSql = "SELECT maestra.take_new($1, $2, $3)";
    private const string LookSql = "SELECT id, run, flushed, why FROM maestra.store_look($1, $2, $3)";

    private string _storeId = storeId;
    private DatabaseRun _run = new(null, null);

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
        var command = source.CreateCommand(LookSql);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Text(StoreIdentity.New(ids).StoreId);
            command.Parameters.Text(backendId);
            command.Parameters.NumberOrNull(Volatile.Read(ref _run).Flushed);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                // Without its row a dump is being read back at this moment: nothing is written until it is there.
                if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    return;
                Volatile.Write(ref _storeId, reader.GetString(0));
                Volatile.Write(ref _run, new DatabaseRun(reader.GetString(1), reader.NumberOrNull(2)));
                if (reader.TextOrNull(3) is { } why)
                    StoreTelemetry.NewIdentity(logger, why);
            }
        }
    }

    /// <summary>What was seen of the server now and then: a later look knows by it that the files were put back from a copy.</summary>
    public Task SeenAsync(DatabaseRun seen, CancellationToken cancellationToken)
    {
        if (seen.Name != Volatile.Read(ref _run).Name)
            return LookAsync(cancellationToken);
        Volatile.Write(ref _run, seen);
        return Task.CompletedTask;
    }
}

/// <summary>One run of the server over one database.</summary>
/// <param name="Name">Null before the first look.</param>
/// <param name="Flushed">How far its log is on its disk; null where the host does not tell.</param>
internal sealed record DatabaseRun(string? Name, long? Flushed);
