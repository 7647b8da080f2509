using ConversationHub.Contracts;
using ConversationHub.Store.Origins;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Opens the hosted store.</summary>
internal static class PostgresOpener
{
    private const int StoreIdAttempts = 3;

    private const string StoreIdSql = """
        WITH made AS (INSERT INTO maestra.store (store_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING store_id)
        SELECT store_id FROM made UNION ALL SELECT store_id FROM maestra.store LIMIT 1
        """;

    public static async Task<StoreOpening> OpenAsync(
        StoreOptions options, string connectionString, TimeProvider time, IdSource ids, ILogger logger, CancellationToken cancellationToken)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(PostgresLimits.Apply(connectionString));
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        PostgresOrigins? origins = null;
        builder.UsePhysicalConnectionInitializer(
            connection => (Volatile.Read(ref origins)?.LookThroughAsync(connection) ?? Task.CompletedTask).GetAwaiter().GetResult(),
            connection => Volatile.Read(ref origins)?.LookThroughAsync(connection) ?? Task.CompletedTask);
        var source = builder.Build();
        var opened = false;
        try
        {
            if (await Migrations.ApplyAsync(source, logger, cancellationToken).ConfigureAwait(false) is { } newer)
            {
                return new StoreOpening.Refused(
                    $"The database was made by a newer version: its schema is {newer}, and this version knows {Migrations.Latest}. "
                    + "Nothing was changed. Use the newer version of maestra-backend, or another database.");
            }

            var storeId = await StoreIdAsync(source, ids, cancellationToken).ConfigureAwait(false);
            var board = new StatusBoard(PostgresStore.Kind);
            var names = new PostgresOrigins(source, options.BackendId, storeId, ids, options.DatabaseMemory, logger);
            await names.LookAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref origins, names);
            var database = new Database(source, board, time, logger) { OriginClosed = names.LookAsync };
            var reader = new PostgresReader(database);
            var archive = new PostgresArchive(database, reader, names, time, ids);
            var store = new PostgresStore(
                source,
                new PostgresWriter(database, board, options.BackendId, names, time, ids),
                reader,
                new PostgresSearcher(database),
                archive,
                new PostgresCompactor(source, time, options.Progress, logger),
                new PostgresCosts(database),
                new PostgresWatch(database, names, board, time, logger),
                new PostgresSync(database, new PostgresSyncReader(database), names, board, time),
                new PostgresRetention(database, archive, names, time, ids),
                new PostgresErasures(database),
                board);
            opened = true;
            return new StoreOpening.Opened(store, store) { Leases = new PostgresLeases(database, ids.NewOperationId().ToString()) };
        }
        catch (NpgsqlException error)
        {
            return new StoreOpening.Refused(
                $"The database of DATABASE_URL cannot be used: {error.Message.TrimEnd('.')}. Check the address, the user's rights, and that the server runs.");
        }
        finally
        {
            if (!opened)
                await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<string> StoreIdAsync(NpgsqlDataSource source, IdSource ids, CancellationToken cancellationToken)
    {
        // Two replicas may start at once: the second sees the first one's row only in its next statement.
        for (var attempt = 0; attempt < StoreIdAttempts; attempt++)
        {
            var command = source.CreateCommand(StoreIdSql);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Text(StoreIdentity.New(ids).StoreId);
                if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is string id)
                    return id;
            }
        }

        throw new InvalidOperationException("The database neither keeps nor takes an id of the store.");
    }
}
