using ConversationHub.Store.Postgres;
using ConversationHub.Testing.Postgres;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>The server the tests share: the one that is named, or a throw-away one. Each test gets a database of its own in it.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private PostgresCluster? _cluster;
    private string? _connection;

    public async Task InitializeAsync()
    {
        // The tests that would use it are skipped, or fail with the reason themselves.
        if (PostgresTools.MissingReason is not null)
            return;
        if (PostgresTools.ServerUrl is null)
            _cluster = await PostgresCluster.StartAsync();
        _connection = PostgresAddress.TryParse(PostgresTools.ServerUrl ?? _cluster!.Url("postgres"), out _);
    }

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <returns>Connection string of a new, empty database.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var server = new NpgsqlConnectionStringBuilder(_connection ?? throw new InvalidOperationException(PostgresTools.MissingReason));
        var name = $"maestra_test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        server.Database = name;
        return server.ConnectionString;
    }

    public async Task DropDatabaseAsync(string connection) =>
        await ExecuteAsync($"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connection).Database} WITH (FORCE)");

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_connection!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
