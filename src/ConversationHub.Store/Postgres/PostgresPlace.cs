using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Which database this is: one restored from a backup is another, or goes on in another timeline (wire.md §9.5).</summary>
internal static class PostgresPlace
{
    private const string WholeSql = """
        SELECT oid::text || '/' || (SELECT system_identifier FROM pg_control_system())::text || '/' || (SELECT timeline_id FROM pg_control_checkpoint())::text
        FROM pg_database WHERE datname = current_database()
        """;

    private const string ShortSql = "SELECT oid::text FROM pg_database WHERE datname = current_database()";

    public static async Task<string> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        try
        {
            return await QueryAsync(source, WholeSql, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Some hosts keep the cluster's own data from their users; a dump that is read back is told all the same.
            return await QueryAsync(source, ShortSql, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<string> QueryAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        var command = source.CreateCommand(sql);
        await using (command.ConfigureAwait(false))
            return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
}
