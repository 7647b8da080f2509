using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>What replicas spend together (wire.md §8, §10.4): two stores on one database are two replicas.</summary>
public sealed class PostgresCostsTests(PostgresServer server) : IClassFixture<PostgresServer>, IAsyncLifetime
{
    private static readonly DateOnly Day = new(2026, 1, 31);

    private readonly List<IConversationStore> _stores = [];
    private string? _database;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _stores)
            await store.DisposeAsync();
        if (_database is not null)
            await server.DropDatabaseAsync(_database);
    }

    /// <summary>T47: parallel asks cannot overspend, whichever replica they reach; exactly at the limit is allowed.</summary>
    [ContractFact]
    public async Task Reserve_OnTwoReplicasAtOnce_GrantsExactlyWhatTheLimitHolds_T47()
    {
        ISharedCosts[] replicas = [await OpenAsync(), await OpenAsync()];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => Task.Run(
            () => replicas[n % 2].ReserveAsync(Cost(0.04m), 1.00m, 100m, CancellationToken.None))));

        Assert.Equal(25, outcomes.OfType<SharedCostOutcome.Spent>().Count());
        Assert.All(outcomes.OfType<SharedCostOutcome.OverLimit>(), over => Assert.True(over.IsDaily));
        Assert.Equal(new SharedCostOutcome.Spent(1.00m, 1.00m), await replicas[1].ReadAsync(Day, CancellationToken.None));
    }

    /// <summary>A statement that was repeated over a new connection changes nothing the second time.</summary>
    [ContractFact]
    public async Task ReserveAndSettle_Twice_CountOnce_T47()
    {
        var costs = await OpenAsync();
        var cost = Cost(0.60m);
        for (var time = 0; time < 2; time++)
            Assert.Equal(new SharedCostOutcome.Spent(0.60m, 0.60m), await costs.ReserveAsync(cost, 1.00m, null, CancellationToken.None));
        for (var time = 0; time < 2; time++)
            Assert.Null(await costs.SettleAsync(cost with { Usd = 0.25m }, CancellationToken.None));

        Assert.Equal(new SharedCostOutcome.Spent(0.25m, 0.25m), await costs.ReadAsync(Day, CancellationToken.None));
    }

    /// <summary>A replica that died between reservation and settlement: what it set aside counts as spent for the others.</summary>
    [ContractFact]
    public async Task Reserve_ReplicaDied_ItsReservationStaysSpent_T47()
    {
        var dying = await OpenAsync();
        await dying.ReserveAsync(Cost(0.90m), 1.00m, null, CancellationToken.None);
        await ((IConversationStore)dying).DisposeAsync();

        var costs = await OpenAsync();

        Assert.IsType<SharedCostOutcome.OverLimit>(await costs.ReserveAsync(Cost(0.11m), 1.00m, null, CancellationToken.None));
        Assert.IsType<SharedCostOutcome.Spent>(await costs.ReserveAsync(Cost(0.10m), 1.00m, null, CancellationToken.None));
    }

    /// <summary>T47: UTC roll-over of day and month, and the newest 400 days kept, however far ahead a clock once was (finding 21 c).</summary>
    [ContractFact]
    public async Task Reserve_NextDayAndNextMonth_CountAnew_T47()
    {
        var costs = await OpenAsync();
        await costs.ReserveAsync(new SharedCost(Guid.NewGuid(), Day.AddDays(-1), 0.50m), 1m, 2m, CancellationToken.None);
        await costs.ReserveAsync(Cost(0.75m), 1m, 2m, CancellationToken.None);
        Assert.Equal(new SharedCostOutcome.Spent(0.75m, 1.25m), await costs.ReadAsync(Day, CancellationToken.None));
        Assert.False(Assert.IsType<SharedCostOutcome.OverLimit>(await costs.ReserveAsync(Cost(0.76m), null, 2m, CancellationToken.None)).IsDaily);

        var next = await costs.ReserveAsync(new SharedCost(Guid.NewGuid(), Day.AddDays(1), 1m), 1m, 2m, CancellationToken.None);
        Assert.Equal(new SharedCostOutcome.Spent(1m, 1m), next);
        await costs.ReserveAsync(new SharedCost(Guid.NewGuid(), Day.AddDays(4000), 0m), 1m, 2m, CancellationToken.None);
        Assert.Equal(new SharedCostOutcome.Spent(0.75m, 1.25m), await costs.ReadAsync(Day, CancellationToken.None));

        await using var source = NpgsqlDataSource.Create(_database!);
        await using var days = source.CreateCommand("INSERT INTO maestra.cost_days SELECT date '2026-02-01' + n, 1 FROM generate_series(0, 400) AS n");
        await days.ExecuteNonQueryAsync();
        await costs.ReserveAsync(new SharedCost(Guid.NewGuid(), Day.AddDays(4001), 0m), 1m, 2m, CancellationToken.None);
        await using var command = source.CreateCommand("SELECT min(day)::text FROM maestra.cost_days");
        Assert.Equal("2026-02-02", await command.ExecuteScalarAsync());
    }

    private static SharedCost Cost(decimal usd) => new(Guid.NewGuid(), Day, usd);

    private async Task<ISharedCosts> OpenAsync()
    {
        _database ??= await server.CreateDatabaseAsync();
        var opening = await StoreOpener.OpenPostgresAsync(
            OpenedStore.Options("/nowhere", StoreNamespace.PerUser), _database, TimeProvider.System, new IdSource(TimeProvider.System), NullLogger.Instance,
            CancellationToken.None);
        var store = Assert.IsType<StoreOpening.Opened>(opening).Store;
        _stores.Add(store);
        return Assert.IsAssignableFrom<ISharedCosts>(store);
    }
}
