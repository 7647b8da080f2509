using ConversationHub.Store;
using ConversationHub.Store.Postgres;
using ConversationHub.Testing.Postgres;
using Maestra.Backend.Peers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Maestra.Backend.Tests.Peers;

/// <summary><see cref="PeerStoreContract"/> on the tables that all replicas share.</summary>
public sealed class PostgresPeerStoreTests(PostgresServer server) : PeerStoreContract, IClassFixture<PostgresServer>
{
    private string _database = "";

    public override async Task InitializeAsync()
    {
        _database = await server.CreateDatabaseAsync();
        Assert.Null(await PostgresSchema.PrepareAsync(_database, CancellationToken.None));
    }

    private protected override IPeerStore OpenStore() => new PostgresPeerStore(new PeerDatabase(_database), Time, Log.CreateLogger<PostgresPeerStore>());

    private protected override Task DamageAsync(string backendId) => DamageAsync(backendId, "{\"backend_id\": ");

    /// <summary>T71: of two replicas that get one request at once, one takes it.</summary>
    [ContractFact]
    public async Task Nonce_TakenByTwoReplicasAtOnce_IsFreshOnce_T71()
    {
        IPeerStore[] stores = [Open(), Open()];
        for (var n = 0; n < 20; n++)
        {
            var nonce = n.ToString("x32", null);
            var verdicts = await Task.WhenAll(stores.Select(store => Task.Run(async () => (await store.TakeNonceAsync("p", nonce, CancellationToken.None)).Verdict)));
            Assert.Single(verdicts.OfType<NonceVerdict.Fresh>());
            Assert.Single(verdicts.OfType<NonceVerdict.Replayed>());
        }
    }

    /// <summary>Whatever stands in a row: JSON that is none, that is nothing, of another peer, with nothing where something must be.</summary>
    [ContractFact]
    public async Task DamagedRow_OfAnyKind_IsLeftOut()
    {
        var store = Open();
        foreach (var (id, text) in new[] { ("a", "no JSON"), ("b", "null"), ("c", "[]"), ("d", "{}"), ("e", Whole("f")), ("g", Whole("g")) })
            await ExecuteAsync("INSERT INTO maestra.peers VALUES ($1, $2)", id, text);

        var (peers, failure) = await Directory(store).ListAllAsync(CancellationToken.None);

        Assert.Null(failure);
        Assert.Empty(peers!);
        Assert.Equal(["a", "b", "c", "d", "e", "g"], (await ReadAsync(store)).Peers.Select(static peer => peer.BackendId));

        static string Whole(string id) =>
            $$"""{"backend_id": "{{id}}", "public_key": "x", "capabilities": null, "user_id": "ada", "registered_at": "2026-01-05T09:30:00Z", "state": "active"}""";
    }

    /// <summary>A database that has gone is a failure, and the next call after its return works.</summary>
    [ContractFact]
    public async Task Database_Gone_IsAFailure()
    {
        var store = Open();
        await ReadAsync(store);
        await server.DropDatabaseAsync(_database);

        var (state, unread) = await store.ReadAsync(CancellationToken.None);
        var (verdict, untaken) = await store.TakeNonceAsync("p", "n", CancellationToken.None);

        Assert.Equal((null, null), (state, verdict));
        Assert.Equal((StoreFailureKind.Unavailable, StoreFailureKind.Unavailable), (unread!.Kind, untaken!.Kind));
        Assert.Contains(Log.Records.Snapshot(), static record => record.Level == LogLevel.Error);
    }

    private protected override Task FillAsync(string peer, DateTimeOffset until) => ExecuteAsync(
        $"INSERT INTO maestra.nonces SELECT $1, lpad(to_hex(n), 32, '0'), $2::timestamptz FROM generate_series(0, {NonceLimits.PerPeer - 1}) n",
        NonceLimits.PerPeer, peer, until.ToString("O", null));

    private Task DamageAsync(string backendId, string text) => ExecuteAsync("UPDATE maestra.peers SET record = $2 WHERE backend_id = $1", backendId, text);

    private Task ExecuteAsync(string sql, params string[] values) => ExecuteAsync(sql, 1, values);

    private async Task ExecuteAsync(string sql, int rows, params string[] values)
    {
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.AddWithValue(value);
        Assert.Equal(rows, await command.ExecuteNonQueryAsync());
    }
}
