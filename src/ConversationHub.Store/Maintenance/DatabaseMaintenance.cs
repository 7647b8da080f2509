using ConversationHub.Store.Postgres;
using Npgsql;

namespace ConversationHub.Store.Maintenance;

/// <summary>What an operator asks of the hosted store besides what its archive does.</summary>
public static class DatabaseMaintenance
{
    private const int CountSeconds = 600;

    private const string Sql = """
        SELECT (SELECT count(*) FROM maestra.conversations WHERE erased_by IS NULL),
            (SELECT coalesce(sum(message_count), 0)::bigint FROM maestra.conversations WHERE erased_by IS NULL),
            (SELECT count(DISTINCT user_id) FROM maestra.conversations WHERE erased_by IS NULL),
            (SELECT count(*) FROM maestra.operations),
            (SELECT count(*) FROM maestra.heads),
            pg_total_relation_size('maestra.operations') + pg_total_relation_size('maestra.conversations'),
            (SELECT max(version)::bigint FROM maestra.migrations),
            EXISTS (SELECT FROM maestra.erasures WHERE first_at IS NOT NULL)
        """;

    /// <summary>Counts; other replicas may be running.</summary>
    /// <param name="connectionString">As <see cref="PostgresAddress"/> gives it.</param>
    /// <returns>The counts, or why there are none.</returns>
    public static async Task<(DatabaseStats? Stats, string? Refused)> CountAllAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            var source = new NpgsqlSlimDataSourceBuilder(PostgresLimits.Apply(connectionString)).EnableTransportSecurity().Build();
            await using (source.ConfigureAwait(false))
            {
                var command = source.CreateCommand(Sql);
                await using (command.ConfigureAwait(false))
                {
                    // Counting a large table takes a while.
                    command.CommandTimeout = CountSeconds;
                    var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                    await using (reader.ConfigureAwait(false))
                    {
                        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                        return (Read(reader), null);
                    }
                }
            }
        }
        catch (NpgsqlException error)
        {
            return (null, $"The database of DATABASE_URL cannot be used: {error.Message}");
        }
    }

    private static DatabaseStats Read(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6),
        reader.GetBoolean(7));
}

/// <summary>What a hosted store holds.</summary>
/// <param name="Bytes">Of the tables and their indexes.</param>
/// <param name="HoldsErasedText">Something was erased since the tables were last written anew.</param>
public sealed record DatabaseStats(
    long Conversations, long Messages, long Owners, long Operations, long Origins, long Bytes, long SchemaVersion, bool HoldsErasedText);
