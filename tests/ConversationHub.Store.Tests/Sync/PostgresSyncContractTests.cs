using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Sync;

public sealed class PostgresSyncContractTests(PostgresServer server) : SyncContract, IClassFixture<PostgresServer>
{
    private readonly List<string> _databases = [];

    private protected override async Task<StoreOpening> OpenAsync(string backendId)
    {
        var database = await server.CreateDatabaseAsync();
        _databases.Add(database);
        return await StoreOpener.OpenPostgresAsync(
            OpenedStore.Options("/nowhere", StoreNamespace.PerUser) with { BackendId = backendId }, database, Time, new IdSource(Time), NullLogger.Instance,
            CancellationToken.None);
    }

    /// <summary>
    /// The same store put back as it was before the first operation, and nobody told it before the batch came: what it wrote then is not taken in the
    /// stream that it would go on in.
    /// </summary>
    [PostgresFact]
    public async Task Apply_ItsOwnFirstOperationsToAStoreThatHasForgottenThem_LeavesThatStream()
    {
        await Local.AskAsync("one");
        var former = Assert.Single(await Local.HaveAsync()).Key;
        await Cloud.PullAsync(Local);
        await ForgetAsync();

        await Local.PullAsync(Cloud);
        await Local.AskAsync("two", "second");

        var have = await Local.HaveAsync();
        Assert.Equal((2, 2L), (have.Count, have[former]));
        await Cloud.PullAsync(Local);
        Assert.Equal(("one|Yes.", "two|Yes."), (await Cloud.TranscriptAsync(), await Cloud.TranscriptAsync("second")));
    }

    /// <summary>The data folder put back in its place while the backend stands: the store's id stays, what was written since is gone.</summary>
    private async Task ForgetAsync()
    {
        await using var source = NpgsqlDataSource.Create(_databases[0]);
        await using var command = source.CreateCommand("TRUNCATE maestra.operations, maestra.held, maestra.heads, maestra.conversations");
        await command.ExecuteNonQueryAsync();
    }

    private protected override async Task ReleaseAsync()
    {
        foreach (var database in _databases)
            await server.DropDatabaseAsync(database);
    }
}
