using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Maestra.Backend.Tests.Identity;

/// <summary>T33: the key of a hosted backend, which all its replicas share.</summary>
public sealed class PostgresIdentityTableTests(PostgresServer server) : IClassFixture<PostgresServer>, IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<IdentityTable> _open = [];
    private string _database = "";

    public async Task InitializeAsync() => _database = await server.CreateDatabaseAsync();

    public async Task DisposeAsync()
    {
        foreach (var table in _open)
            await table.DisposeAsync();
    }

    /// <summary>T33: replicas that start at once, over a database without a schema, have one key, and the next start has it too.</summary>
    [ContractFact]
    public async Task Load_ReplicasAtOnce_AgreeOnOneKey_T33()
    {
        var loaded = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => LoadAsync(Open()))));

        var id = Assert.Single(loaded.Select(static keys => keys.Current.Id).Distinct());
        Assert.StartsWith("hosted_sha256_", id, StringComparison.Ordinal);
        var later = await LoadAsync(Open());
        Assert.Equal((id, loaded[0].Current.CreatedAt), (later.Current.Id, later.Current.CreatedAt));
    }

    /// <summary>A change by one is taken up by another that runs, and both keys count for seven days there.</summary>
    [ContractFact]
    public async Task Rotate_OfOneReplica_IsTakenUpByTheOther()
    {
        var (first, second) = (Open(), Open());
        var before = await LoadAsync(first);
        using var log = new CapturingLoggerFactory();
        await using var board = new IdentityBoard(second, await LoadAsync(second), _time, log.CreateLogger<IdentityBoard>());
        Assert.Equal(before.Current.Id, (await board.RefreshAsync(CancellationToken.None)).Current.Id);

        var rotated = Assert.IsType<IdentityOutcome.Loaded>(await first.RotateAsync(CancellationToken.None)).Keys;
        Assert.Equal(before.Current.Id, (await board.RefreshAsync(CancellationToken.None)).Current.Id);
        _time.Advance(IdentityBoard.LookEvery);
        var seen = await board.RefreshAsync(CancellationToken.None);

        Assert.NotEqual(before.Current.Id, rotated.Current.Id);
        Assert.Equal((rotated.Current.Id, before.Current.Id), (seen.Current.Id, seen.Previous?.Id));
        Assert.NotNull(seen.Find(before.Current.Id, _time.GetUtcNow() + IdentityKeys.Grace - TimeSpan.FromSeconds(2)));
        Assert.Null(seen.Find(before.Current.Id, _time.GetUtcNow() + IdentityKeys.Grace));
        Assert.Contains(log.Records.Snapshot(), record => record.Message.Contains(rotated.Current.Id, StringComparison.Ordinal));
    }

    /// <summary>Two changes at once: each is made on what is kept, or refused; none is lost without a word.</summary>
    [ContractFact]
    public async Task Rotate_ByTwoAtOnce_LosesNoneInSilence()
    {
        var (first, second) = (Open(), Open());
        var before = await LoadAsync(first);

        var outcomes = await Task.WhenAll(Task.Run(() => first.RotateAsync(CancellationToken.None)), Task.Run(() => second.RotateAsync(CancellationToken.None)));

        var made = outcomes.OfType<IdentityOutcome.Loaded>().Select(static loaded => loaded.Keys).ToList();
        Assert.NotEmpty(made);
        Assert.All(outcomes.OfType<IdentityOutcome.Refused>(), static refused => Assert.Contains("changed by somebody else", refused.Reason, StringComparison.Ordinal));
        var kept = await LoadAsync(Open());
        var last = Assert.Single(made, keys => keys.Current.Id == kept.Current.Id);
        Assert.Equal(last.Previous!.Id, kept.Previous!.Id);
        Assert.Contains(made, keys => keys.Previous!.Id == before.Current.Id);
    }

    /// <summary>What is no key is told and kept; it is never replaced by a new one, which would be another backend.</summary>
    [ContractFact]
    public async Task Load_DamagedDocument_IsRefusedAndKept()
    {
        var store = Open();
        await LoadAsync(store);
        await ExecuteAsync("UPDATE maestra.identity SET document = 'no key'");

        var read = Assert.IsType<IdentityOutcome.Refused>(await Open().LoadAsync(CancellationToken.None));
        var rotated = Assert.IsType<IdentityOutcome.Refused>(await store.RotateAsync(CancellationToken.None));

        Assert.Contains("table identity", read.Reason, StringComparison.Ordinal);
        Assert.Equal(read.Reason, rotated.Reason);
        Assert.Equal("no key", await ExecuteAsync("SELECT document FROM maestra.identity"));
    }

    /// <summary>A running backend whose database has gone goes on with the key it knows.</summary>
    [ContractFact]
    public async Task Refresh_DatabaseGone_KeepsTheKnownKey()
    {
        var store = Open();
        var keys = await LoadAsync(store);
        await using var board = new IdentityBoard(store, keys, _time, Microsoft.Extensions.Logging.Abstractions.NullLogger<IdentityBoard>.Instance);
        await server.DropDatabaseAsync(_database);
        _time.Advance(IdentityBoard.LookEvery);

        Assert.Same(keys, await board.RefreshAsync(CancellationToken.None));
        Assert.Contains("DATABASE_URL", Assert.IsType<IdentityOutcome.Refused>(await Open().LoadAsync(CancellationToken.None)).Reason, StringComparison.Ordinal);
    }

    private IdentityStore Open()
    {
        var table = new IdentityTable(_database);
        _open.Add(table);
        return new IdentityStore(table, BackendMode.Cloud, _time);
    }

    private static async Task<IdentityKeys> LoadAsync(IdentityStore store) =>
        Assert.IsType<IdentityOutcome.Loaded>(await store.LoadAsync(CancellationToken.None)).Keys;

    private async Task<string?> ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}
