using ConversationHub.Store.Postgres;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>Rate windows that replicas share (wire.md §8): two of them on one database.</summary>
public sealed class PostgresRateWindowsTests : IClassFixture<PostgresServer>, IAsyncLifetime
{
    private const int Limit = 100;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private readonly PostgresServer _server;
    private readonly ManualTimeProvider _time = new();
    private string _connection = "";
    private NpgsqlDataSource _source = null!;

    public PostgresRateWindowsTests(PostgresServer server) => _server = server;

    public async Task InitializeAsync()
    {
        if (PostgresTools.MissingReason is not null)
            return;
        _connection = await _server.CreateDatabaseAsync();
        _source = NpgsqlDataSource.Create(_connection);
        await Migrations.ApplyAsync(_source, NullLogger.Instance, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (_connection.Length == 0)
            return;
        await _source.DisposeAsync();
        await _server.DropDatabaseAsync(_connection);
    }

    [ContractFact]
    public async Task Count_TwoReplicasAtOnce_AdmitExactlyTheLimitAndNeverTellMoreThanTheWindow_T12()
    {
        await using var one = Open();
        await using var two = Open();

        var windows = await Task.WhenAll(Enumerable.Range(0, 150).Select(number => Task.Run(() =>
            (number % 2 == 0 ? one : two).CountAsync("key:ada", Limit, Window, CancellationToken.None))));

        Assert.All(windows, window => Assert.InRange(window!.Left, TimeSpan.FromTicks(1), Window));
        Assert.Equal(Enumerable.Range(1, Limit), windows.Where(window => window!.IsAdmitted).Select(window => window!.Count).Order());
        Assert.All(windows.Where(window => !window!.IsAdmitted), window => Assert.Equal(Limit, window!.Count));
        Assert.Equal(1, (await two.CountAsync("key:bob", Limit, Window, CancellationToken.None))!.Count);
    }

    [ContractFact]
    public async Task Count_ManyWaitersForOneRow_AreToldAtMostTheWindow()
    {
        await using var windows = Open();
        for (var round = 0; round < 50; round++)
        {
            // A limit of one opens a new window with every round: the case in which a waiter was once told too much.
            await SqlAsync("UPDATE maestra.rate_windows SET ends_at = clock_timestamp()");
            var told = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => windows.CountAsync("key:ada", 1, Window, CancellationToken.None)));
            Assert.All(told, window => Assert.InRange(window!.Left, TimeSpan.FromTicks(1), Window));
            Assert.Single(told, window => window!.IsAdmitted);
        }
    }

    [ContractFact]
    public async Task Count_WindowThatIsOver_BeginsAnew_AndOneOfALongerSettingToo()
    {
        await using var windows = Open();
        await windows.CountAsync("key:ada", 1, Window, CancellationToken.None);
        Assert.False((await windows.CountAsync("key:ada", 1, Window, CancellationToken.None))!.IsAdmitted);

        await SqlAsync("UPDATE maestra.rate_windows SET ends_at = clock_timestamp() - interval '1 microsecond'");
        Assert.Equal((true, 1), await windows.CountAsync("key:ada", 1, Window, CancellationToken.None) is { } anew ? (anew.IsAdmitted, anew.Count) : default);

        await SqlAsync("UPDATE maestra.rate_windows SET ends_at = clock_timestamp() + interval '1 hour'");
        var shorter = (await windows.CountAsync("key:ada", 1, Window, CancellationToken.None))!;
        Assert.Equal((true, 1), (shorter.IsAdmitted, shorter.Count));
        Assert.InRange(shorter.Left, TimeSpan.FromTicks(1), Window);
    }

    [ContractFact]
    public async Task Count_DatabaseCannotBeReached_IsNullAndAsksNoMoreUntilThePauseIsOver()
    {
        var broken = new NpgsqlConnectionStringBuilder(_connection) { Database = "no_such_database" };
        await using var windows = PostgresRateWindows.Open(broken.ConnectionString, _time, NullLogger.Instance);

        Assert.Null(await windows.CountAsync("key:ada", Limit, Window, CancellationToken.None));
        await SqlAsync("ALTER FUNCTION maestra.rate_windows_count(text, integer, interval) RENAME TO gone");
        await using var working = Open();
        Assert.Null(await working.CountAsync("key:ada", Limit, Window, CancellationToken.None));
        await SqlAsync("ALTER FUNCTION maestra.gone(text, integer, interval) RENAME TO rate_windows_count");
        Assert.Null(await working.CountAsync("key:ada", Limit, Window, CancellationToken.None));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await working.CountAsync("key:ada", Limit, Window, CancellationToken.None))!.Count);
    }

    private PostgresRateWindows Open() => PostgresRateWindows.Open(_connection, _time, NullLogger.Instance);

    private async Task SqlAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
