using ConversationHub.Contracts;
using ConversationHub.Store.Origins;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Names of this backend's streams in the database, which all replicas share, and their renewal (wire.md §9.5). Thread-safe.</summary>
internal sealed class PostgresOrigins(NpgsqlDataSource source, string backendId, string storeId, IdSource ids, ILogger logger)
{
    /// <summary>Raised by <c>maestra.lock_head</c> when another replica has taken new origins.</summary>
    public const string Closed = "MAORG";

    private const string TakeSql = "SELECT maestra.take_new($1, $2, $3)";

    private string _storeId = storeId;

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
        await RefreshAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var command = source.CreateCommand("SELECT store_id FROM maestra.store");
        await using (command.ConfigureAwait(false))
            Volatile.Write(ref _storeId, (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!);
    }
}
