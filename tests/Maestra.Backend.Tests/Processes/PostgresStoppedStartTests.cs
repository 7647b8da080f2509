using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Commands;
using Maestra.Backend.Tests.Fakes;
using Npgsql;
using Xunit.Abstractions;

namespace Maestra.Backend.Tests.Processes;

/// <summary>SIGTERM in the middle of a start: it ends with 0 and says nothing of failures, in whatever phase it was.</summary>
public sealed class PostgresStoppedStartTests(PostgresServer server, ITestOutputHelper output) : IClassFixture<PostgresServer>, IDisposable
{
    private const string MigrationLock = "SELECT pg_advisory_xact_lock(30787860818063969)";

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    /// <param name="held">What somebody else holds, so that the start waits for it.</param>
    /// <param name="waiting">Of the statement that waits.</param>
    [Theory]
    [InlineData("schema", "%pg_advisory_xact_lock%")]
    [InlineData("LOCK TABLE maestra.identity", "%identity%")]
    [InlineData("LOCK TABLE maestra.store", "%store%")]
    [InlineData("LOCK TABLE maestra.cost_days; LOCK TABLE maestra.cost_reservations", "%cost%")]
    public async Task Serve_TerminatedWhileItsStartWaits_EndsQuietlyWith0(string held, string waiting)
    {
        if (PostgresTools.MissingReason is not null && !TestSkips.AreForbidden)
        {
            output.WriteLine(PostgresTools.MissingReason);
            return;
        }

        var database = await server.CreateDatabaseAsync();
        (string, string)[] settings = [("DATABASE_URL", database), ("MAESTRA_API_KEY", TestBackend.Key)];
        await using (var first = await BackendProcess.StartAsync("cloud", _home.Path, settings: settings))
            Assert.Equal(0, await first.StopAsync());
        await using var source = NpgsqlDataSource.Create(database);
        await using var other = await source.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand(held == "schema" ? MigrationLock : held, other, transaction))
            await hold.ExecuteNonQueryAsync();
        await using var program = RunningProgram.Start(BackendProcess.Describe("cloud", _home.Path, FreePort.Find(), settings));
        await UntilItWaitsAsync(source, waiting, program);

        var code = await program.TerminateAsync();

        Assert.Equal(ExitCode.Ended, code);
        Assert.DoesNotContain("Exception", program.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", program.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot start", program.ErrorText, StringComparison.Ordinal);
    }

    private static async Task UntilItWaitsAsync(NpgsqlDataSource source, string waiting, RunningProgram program)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            await using var look = source.CreateCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND datname = current_database() AND pid <> pg_backend_pid()");
            look.Parameters.Add(new NpgsqlParameter { Value = waiting });
            if ((long)(await look.ExecuteScalarAsync(limit.Token))! > 0)
                return;
            Assert.False(program.HasExited, program.ErrorText);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }
}
