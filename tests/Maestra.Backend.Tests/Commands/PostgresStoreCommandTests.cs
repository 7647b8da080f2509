using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.Time;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Commands;

/// <summary>The store commands where PostgreSQL holds the conversations: the real program.</summary>
public sealed class PostgresStoreCommandTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [ContractFact]
    public async Task Store_StatsExportAndCompact_LookAfterTheDatabase()
    {
        var database = await server.CreateDatabaseAsync();
        await using (var backend = await TestBackend.StartCloudOverStoreAsync((SettingNames.DatabaseUrl, database)))
        {
            await backend.AskAsync(TestBackend.Question("hello there", "main"), key: TestBackend.AdaKey);
            await backend.AskAsync(TestBackend.Question("from bob", "main", "bob"), key: TestBackend.BobKey);
            await backend.AskAsync(TestBackend.Question("gone", "gone"), key: TestBackend.AdaKey);
            await backend.DeleteAsync("/conversations/gone", TestBackend.AdaKey);
        }

        var stats = Text(await RunAsync(0, database, "stats"));
        Assert.Contains("conversations 2\nmessages      4\nowners        2\n", stats, StringComparison.Ordinal);
        Assert.Contains("may still be in the database's files", stats, StringComparison.Ordinal);
        Assert.Contains("Nothing that was erased is left", Text(await RunAsync(0, database, "compact")), StringComparison.Ordinal);
        Assert.Contains("nothing that was erased is left", Text(await RunAsync(0, database, "stats")), StringComparison.Ordinal);
        var export = Text(await RunAsync(0, database, "export", "--user", "bob"));
        Assert.Contains("from bob", export, StringComparison.Ordinal);
        Assert.DoesNotContain("hello there", export, StringComparison.Ordinal);
        Assert.Contains("unset DATABASE_URL", string.Join('\n', (await RunAsync(4, database, "verify")).Error), StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task Store_ExportAndCompactOnATerminal_ShowHowFarTheyAre()
    {
        var database = await server.CreateDatabaseAsync();
        await using (var backend = await TestBackend.StartCloudOverStoreAsync((SettingNames.DatabaseUrl, database)))
        {
            await backend.AskAsync(TestBackend.Question("hello there", "main"), key: TestBackend.AdaKey);
            await backend.AskAsync(TestBackend.Question("gone", "gone"), key: TestBackend.AdaKey);
            await backend.DeleteAsync("/conversations/gone", TestBackend.AdaKey);
        }

        var exported = await ShownAsync(database, "export");
        var compacted = await ShownAsync(database, "compact");

        Assert.Matches("exporting: 1 (of 1 )?conversations", exported);
        Assert.Contains("writing the tables anew: 3 of 3 tables", compacted, StringComparison.Ordinal);
    }

    /// <summary>What the command leaves on standard error when that is a terminal.</summary>
    private async Task<string> ShownAsync(string database, string command)
    {
        await using var terminal = new StringWriter();
        await using var log = new StringWriter();
        var time = new ManualTimeProvider();
        var ids = new IdSource(time);
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = _home.Path,
            [SettingNames.Mode] = "cloud",
            [SettingNames.ApiKey] = TestBackend.Key,
            [SettingNames.DatabaseUrl] = database,
        };
        var parts = new BackendParts
        {
            Time = time,
            Heartbeats = time,
            Ids = ids,
            WriteLog = log.WriteLine,
            IsErrorATerminal = true,
            OpenStore = (options, logger) => StoreOpener.OpenLog(options, time, ids, logger),
        };

        var code = await BackendCommand.RunAsync(["store", command], environment, terminal, parts);

        Assert.True(code == 0, terminal.ToString());
        return terminal.ToString();
    }

    private async Task<ProgramResult> RunAsync(int exitCode, string database, params string[] arguments)
    {
        var start = new ProgramStart(BuiltPrograms.Backend, _home.Path, ["store", .. arguments])
            .With(SettingNames.Mode, "cloud").With(SettingNames.ApiKey, TestBackend.Key).With(SettingNames.DatabaseUrl, database);
        var result = await RunningProgram.RunAsync(start);
        Assert.True(result.ExitCode == exitCode, $"{result.ExitCode}: {string.Join('\n', result.Output.Concat(result.Error))}");
        return result;
    }

    private static string Text(ProgramResult result) => string.Join('\n', result.Output);
}
