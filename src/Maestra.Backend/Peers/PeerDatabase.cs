using ConversationHub.Store;
using Npgsql;
using NpgsqlTypes;

namespace Maestra.Backend.Peers;

/// <summary>Connections of their own to the tables of wire.md §10.4 that tell of peers, so that a store under load delays no signature. The schema must be there.</summary>
internal sealed class PeerDatabase : IAsyncDisposable
{
    private const int Connections = 4;
    private const int AnswerSeconds = 5;

    private static readonly NpgsqlConnectionStringBuilder Defaults = [];

    private readonly NpgsqlDataSource _source;

    /// <param name="connectionString">As <see cref="ConversationHub.Store.Postgres.PostgresAddress"/> gives it; time limits of its own are kept.</param>
    public PeerDatabase(string connectionString)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(connectionString);
        builder.EnableTransportSecurity();
        builder.ConnectionStringBuilder.MaxPoolSize = Connections;
        if (builder.ConnectionStringBuilder.Timeout == Defaults.Timeout)
            builder.ConnectionStringBuilder.Timeout = AnswerSeconds;
        if (builder.ConnectionStringBuilder.CommandTimeout == Defaults.CommandTimeout)
            builder.ConnectionStringBuilder.CommandTimeout = AnswerSeconds;
        _source = builder.Build();
    }

    /// <summary>Runs statements in one transaction, which is undone when something fails. A lost connection is tried once more.</summary>
    /// <param name="work">May run twice; the first run then had no effect, unless its commit was not confirmed.</param>
    public async Task<(T? Result, StoreFailure? Failure)> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, ILogger logger, CancellationToken cancellationToken)
        where T : class
    {
        const int Attempts = 2;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var result = await work(connection, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return (result, null);
            }
            catch (NpgsqlException e) when (e.IsTransient && attempt < Attempts)
            {
                // A pooled connection whose server has gone: a new one tells more.
            }
            catch (NpgsqlException e)
            {
                logger.PeerStoreFailed(e.Message);
                return (null, new StoreFailure(StoreFailureKind.Unavailable, "The database cannot be reached."));
            }
        }
    }

    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(value switch
            {
                string text => new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text },
                int number => new NpgsqlParameter<int> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Integer },
                bool flag => new NpgsqlParameter<bool> { TypedValue = flag, NpgsqlDbType = NpgsqlDbType.Boolean },
                DateTimeOffset time => new NpgsqlParameter<DateTime> { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                _ => throw new InvalidOperationException($"No column holds a {value.GetType().Name}."),
            });
        }

        return command;
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
