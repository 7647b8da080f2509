using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Npgsql;

namespace Maestra.Backend.Tests.Erasures;

/// <summary>Two replicas over one database, each with a metrics file and an audit of its own (docs/decisions/0060, T48).</summary>
public sealed class PostgresErasureSweepTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private const string SeenLongAgo = "UPDATE maestra.erased SET seen_at = now() - interval '2 minutes'";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ContractFact]
    public async Task Erase_OnOneReplica_TakesTheLinesOfTheOtherAndIsAccountedForOnce()
    {
        var database = await server.CreateDatabaseAsync();
        await using var first = await StartAsync(database, "first");
        await using var second = await StartAsync(database, "second");
        await AskAsync(second, "main");
        await AskAsync(second, "other");
        await UntilAsync(() => Lines("second").SequenceEqual(["main", "other"]));

        Assert.Equal(HttpStatusCode.OK, (await first.DeleteAsync("/conversations/main?user_id=ada", TestBackend.Key)).Status);
        await UntilAsync(() => Lines("second").SequenceEqual(["other"]), () => second.Time.Advance(TimeSpan.FromSeconds(10)));

        // Long after, nobody finds anything to account for.
        await ExecuteAsync(database, SeenLongAgo);
        for (var look = 0; look < 3; look++)
            second.Time.Advance(TimeSpan.FromSeconds(10));
        await first.DisposeAsync();
        await second.DisposeAsync();
        Assert.Equal("owner", (string?)Assert.Single(Erasures("first"))["actor"]);
        Assert.Empty(Erasures("second"));
    }

    [ContractFact]
    public async Task Erase_OnAReplicaThatIsKilledThen_IsAccountedForByTheOther()
    {
        var database = await server.CreateDatabaseAsync();
        await using var first = await StartAsync(database, "first");
        await using var second = await StartAsync(database, "second");
        await AskAsync(first, "main");
        first.Observer.Kills = true;
        await first.DeleteAsync("/users/ada", TestBackend.Key);
        await first.DisposeAsync();

        // It was noted long ago, as by a transaction that lasted; the first look meets it now, and leaves it its minute.
        await ExecuteAsync(database, "UPDATE maestra.erased SET noted_at = noted_at - interval '20 minutes'");
        await UntilAsync(
            () => ExecuteAsync(database, "SELECT 1 / count(seen_at) FROM maestra.erased").ContinueWith(static one => one.IsCompletedSuccessfully).GetAwaiter().GetResult(),
            () => second.Time.Advance(TimeSpan.FromSeconds(10)));
        Assert.Empty(Erasures("second"));
        await ExecuteAsync(database, SeenLongAgo);

        await UntilAsync(
            () => Erasures("second").Count > 0,
            () => second.Time.Advance(TimeSpan.FromSeconds(10)));

        await second.DisposeAsync();
        var found = Assert.Single(Erasures("second"));
        Assert.Equal(("user_erased", "found_later"), ((string?)found["event"], (string?)found["details"]!["reason"]));
        Assert.Empty(Erasures("first"));
        Assert.Equal(["main"], Lines("first"));
        await using var again = await StartAsync(database, "first");
        await UntilAsync(() => Lines("first").Count == 0);
    }

    /// <summary>The record still waits for its sink when the process is killed: nobody has it, so the other makes one.</summary>
    [ContractFact]
    public async Task Erase_KilledBeforeItsRecordWasWritten_IsAccountedForByTheOther()
    {
        var database = await server.CreateDatabaseAsync();
        using var silent = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var first = await StartAsync(
            database, "first", ("AUDIT_SINKS", "webhook"), ("AUDIT_WEBHOOK_URL", $"http://{silent.LocalEndpoint}/audit"));
        await using var second = await StartAsync(database, "second");
        await AskAsync(first, "main");
        Assert.Equal(HttpStatusCode.OK, (await first.DeleteAsync("/conversations/main?user_id=ada", TestBackend.Key)).Status);
        var killed = first.DisposeAsync().AsTask();
        await UntilAsync(() => killed.IsCompleted, () => first.Time.Advance(TimeSpan.FromSeconds(1)));
        await killed;
        await ExecuteAsync(database, SeenLongAgo);

        await UntilAsync(() => Erasures("second").Count > 0, () => second.Time.Advance(TimeSpan.FromSeconds(10)));

        // The second one's record is on its disk, and so is the note that it need not be made again.
        await UntilAsync(() => IsSoAsync(database, "SELECT is_accounted FROM maestra.erased").GetAwaiter().GetResult());
        await ExecuteAsync(database, SeenLongAgo);
        for (var look = 0; look < 3; look++)
            second.Time.Advance(TimeSpan.FromSeconds(10));
        await second.DisposeAsync();
        Assert.Equal("found_later", (string?)Assert.Single(Erasures("second"))["details"]!["reason"]);
    }

    private static async Task<bool> IsSoAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is true;
    }

    private Task<TestBackend> StartAsync(string database, string name, params (string Name, string Value)[] more) => TestBackend.StartCloudOverStoreAsync(
        [(SettingNames.DatabaseUrl, database), (SettingNames.StateRoot, _folder.Combine(name)), ("AUDIT_SINKS", "file"),
        ("MAESTRA_METRICS_FILE", _folder.Combine(name, "maestra_metrics.jsonl")), .. more]);

    private static async Task AskAsync(TestBackend backend, string conversation) => Assert.Equal(
        HttpStatusCode.OK,
        (await backend.AskAsync(TestBackend.Question("What changed?", conversation), key: TestBackend.AdaKey, headers: ("X-Deadline-Ms", "600000"))).Status);

    private List<string?> Lines(string name) =>
        [.. File.ReadAllLines(_folder.Combine(name, "maestra_metrics.jsonl")).Select(static line => (string?)JsonNode.Parse(line)!["conversation_id"])];

    private List<JsonNode> Erasures(string name) =>
        [.. File.ReadAllLines(_folder.Combine(name, "audit.log")).Select(static line => JsonNode.Parse(line)!).Where(static line => ((string)line["event"]!).EndsWith("_erased", StringComparison.Ordinal))];

    private static async Task UntilAsync(Func<bool> isSo, Action? meanwhile = null)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!isSo())
        {
            Assert.False(limit.IsCancellationRequested, "It never became so.");
            meanwhile?.Invoke();
            await Task.Delay(20);
        }
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
