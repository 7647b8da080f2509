using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

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

    private protected override async Task ReleaseAsync()
    {
        foreach (var database in _databases)
            await server.DropDatabaseAsync(database);
    }
}
