using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Brings the schema up to date, under an advisory lock, so that replicas that start together do it once.
/// The list only grows. To add one: write <c>Migrations/{number}.sql</c> with the next free number of four digits, set <see cref="Latest"/> to it,
/// and name in it every table with its schema (<c>maestra.</c>) and every index, constraint and function as <c>{table}_{what}</c>,
/// since names of indexes are shared by the whole schema and two scripts once made the same one.
/// A number that reached main is never changed or given again; of two branches that took one number, the later one to land takes the next.
/// A script may not hold statements that refuse a transaction (VACUUM, CREATE INDEX CONCURRENTLY).
/// </summary>
internal static class Migrations
{
    /// <summary>Any number that no other user of the database takes: "maestra" in ASCII.</summary>
    private const long LockKey = 0x6d616573747261;

    /// <summary>Version of the newest script.</summary>
    public const int Latest = 22;

    /// <summary>Scripts look at every row of tables that may hold millions, and another replica may be at it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <returns>The version of the schema when it is newer than this program knows, and nothing was changed; else null.</returns>
    public static async Task<int?> ApplyAsync(NpgsqlDataSource source, ILogger logger, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // All in one transaction: a start that is killed leaves nothing half done, and the lock ends with it.
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await LockAsync(connection, logger, cancellationToken).ConfigureAwait(false);
                await RunAsync(
                    connection,
                    "CREATE SCHEMA IF NOT EXISTS maestra; CREATE TABLE IF NOT EXISTS maestra.migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
                    cancellationToken).ConfigureAwait(false);
                var held = await VersionAsync(connection, cancellationToken).ConfigureAwait(false);
                if (held > Latest)
                    return held;
                if (held is > 0 and < Latest)
                    StoreTelemetry.SchemaUpdates(logger, held, Latest);
                for (var version = held + 1; version <= Latest; version++)
                {
                    await RunAsync(connection, Script(version), cancellationToken).ConfigureAwait(false);
                    await RunAsync(
                        connection,
                        string.Create(CultureInfo.InvariantCulture, $"INSERT INTO maestra.migrations (version) VALUES ({version})"),
                        cancellationToken).ConfigureAwait(false);
                }

                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return null;
            }
        }
    }

    private static async Task LockAsync(NpgsqlConnection connection, ILogger logger, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({LockKey})", connection);
        await using (command.ConfigureAwait(false))
        {
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true)
                return;
        }

        StoreTelemetry.SchemaWaits(logger);
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM maestra.migrations", connection);
        await using (command.ConfigureAwait(false))
            return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Longest.TotalSeconds };
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Script(int version)
    {
        var name = version.ToString("D4", CultureInfo.InvariantCulture) + ".sql";
        using var stream = typeof(Migrations).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The migration {name} is not in the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
