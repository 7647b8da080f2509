using Npgsql;
using Xunit;

namespace ConversationHub.Testing.Postgres;

/// <summary>The server the tests share: the one that is named, or a throw-away one. Each test gets a database of its own in it.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly List<string> _made = [];
    private PostgresCluster? _cluster;
    private string? _connection;

    public async Task InitializeAsync()
    {
        // The tests that would use it are skipped, or fail with the reason themselves.
        if (PostgresTools.MissingReason is not null)
            return;
        if (PostgresTools.ServerUrl is null)
            _cluster = await PostgresCluster.StartAsync();
        _connection = ToConnectionString(PostgresTools.ServerUrl ?? _cluster!.Url("postgres"));
    }

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
            return;
        }

        // A server that was named outlives the tests.
        foreach (var name in _made)
            await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    }

    /// <returns>Connection string of a new, empty database.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var server = new NpgsqlConnectionStringBuilder(_connection ?? throw new InvalidOperationException(PostgresTools.MissingReason));
        var name = $"maestra_test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        lock (_made)
            _made.Add(name);
        server.Database = name;

        // A machine busy with other tests may answer slowly; how long a store waits is tested with servers that hang.
        server.CommandTimeout = server.Timeout = (int)TestTimeouts.Signal.TotalSeconds;
        return server.ConnectionString;
    }

    public async Task DropDatabaseAsync(string connection) =>
        await ExecuteAsync($"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connection).Database} WITH (FORCE)");

    /// <summary>The program's own reader of addresses is under test, and not used to set tests up.</summary>
    private static string ToConnectionString(string address)
    {
        if (!address.StartsWith("postgres", StringComparison.OrdinalIgnoreCase))
            return address;
        var url = new Uri(address);
        var user = url.UserInfo.Split(':', 2);
        return new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port < 0 ? 5432 : url.Port,
            Database = url.AbsolutePath.TrimStart('/'),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        }.ConnectionString;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_connection!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
