using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Brings a database up to date for those who need its tables before, or without, the store.</summary>
public static class PostgresSchema
{
    /// <summary>Idempotent, and safe beside replicas that do the same.</summary>
    /// <param name="connectionString">As <see cref="PostgresAddress"/> gives it.</param>
    /// <returns>Null when the schema is there, else why not, for the operator.</returns>
    public static async Task<string?> PrepareAsync(string connectionString, CancellationToken cancellationToken, ILogger? logger = null)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(PostgresLimits.Apply(connectionString));
        builder.EnableTransportSecurity();
        var source = builder.Build();
        await using (source.ConfigureAwait(false))
        {
            try
            {
                return await Migrations.ApplyAsync(source, logger ?? NullLogger.Instance, cancellationToken).ConfigureAwait(false) is { } newer
                    ? $"The database was made by a newer version: its schema is {newer}, and this version knows {Migrations.Latest}. "
                      + "Nothing was changed. Use the newer version of maestra-backend, or another database."
                    : null;
            }
            catch (NpgsqlException error)
            {
                return $"The database of DATABASE_URL cannot be used: {error.Message.TrimEnd('.')}. Check the address, the user's rights, and that the server runs.";
            }
        }
    }
}
