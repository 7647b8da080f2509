using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Npgsql;

namespace Maestra.Backend.Tests.Asks;

/// <summary>Two replicas over one database (wire.md §2, Replay: on any replica the caller joins).</summary>
public sealed class PostgresReplicaTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly (string, string) OperationHeader = ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>T64: in flight on another replica, joined.</summary>
    [ContractFact]
    public async Task Ask_UnderWayOnAnotherReplica_IsWaitedForAndNotRunTwice()
    {
        var database = await server.CreateDatabaseAsync();
        await using var first = await StartAsync(database);
        await using var second = await StartAsync(database);
        var (asked, release) = Hold(first);
        var original = AskAsync(first);
        await asked;

        // A stream opens when the question is known and an answer is being made, here or elsewhere.
        using var repeated = await AskStreamedAsync(second);
        await repeated.NextAsync("heartbeat");
        release.SetResult();
        var answer = await original;
        var replay = await DoneAsync(second, repeated);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(("From the first.", false, "From the first.", true), (
            (string?)answer.Json["reply"], (bool)answer.Json["meta"]!["replayed"]!, (string?)replay["reply"], (bool)replay["meta"]!["replayed"]!));
        Assert.Empty(second.Advisor.Prompts);
        Assert.Equal(2, (int)(await second.GetAsync("/conversations/main", TestBackend.Key)).Json["meta"]!["message_count"]!);
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM maestra.running"));
    }

    [ContractFact]
    public async Task Ask_OfAReplicaWhoseLeaseRanOut_IsTakenOverAndStaysOneQuestion()
    {
        var database = await server.CreateDatabaseAsync();
        await using var first = await StartAsync(database);
        await using var second = await StartAsync(database);
        var (asked, release) = Hold(first);
        var original = AskAsync(first);
        await asked;
        using var repeated = await AskStreamedAsync(second);
        await repeated.NextAsync("heartbeat");

        // The first replica hangs: its clock stands still, so it does not take the lease again.
        Assert.Equal(1L, await ScalarAsync(database, "WITH late AS (UPDATE maestra.running SET ends_at = now() - interval '1 s' RETURNING 1) SELECT count(*) FROM late"));
        var answer = await DoneAsync(second, repeated);
        release.SetResult();
        var late = await original;

        Assert.Equal("Scripted.", (string?)answer["reply"]);
        Assert.Equal(("Scripted.", true), ((string?)late.Json["reply"], (bool)late.Json["meta"]!["replayed"]!));
        Assert.Single(second.Advisor.Prompts);
        Assert.Equal(2, (int)(await second.GetAsync("/conversations/main", TestBackend.Key)).Json["meta"]!["message_count"]!);
    }

    [ContractFact]
    public async Task Ask_ThatLastsLongerThanALease_KeepsItByTakingItAgain()
    {
        var database = await server.CreateDatabaseAsync();
        await using var backend = await StartAsync(database);
        var (asked, release) = Hold(backend);
        var original = AskAsync(backend);
        await asked;
        await ScalarAsync(database, "WITH late AS (UPDATE maestra.running SET ends_at = now() - interval '1 s' RETURNING 1) SELECT count(*) FROM late");

        // The renewal is due after a third of the lease; it is a round trip to the database, seen by its row.
        backend.Time.Advance(TimeSpan.FromSeconds(5));
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (await ScalarAsync(database, "SELECT count(*) FROM maestra.running WHERE ends_at > now()") == 0L)
            await Task.Delay(20, limit.Token);

        release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await original).Status);
    }

    /// <summary>The hub must know it while the backend is down, whatever keeps the conversations (docs/decisions/0034).</summary>
    [ContractFact]
    public async Task Ask_InAConversationTaggedLocalOnly_SaysSo()
    {
        await using var backend = await StartAsync(await server.CreateDatabaseAsync());
        Assert.DoesNotContain("local_only", (await AskAsync(backend, "q1", "main", "019b8d7d-f23b-7a1b-ac3d-4e5f60718201")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await backend.PatchAsync("/conversations/main", """{"add_tags":["local_only"]}""", TestBackend.Key)).Status);
        for (var time = 0; time < 2; time++)
            Assert.Contains("\"local_only\":true", (await AskAsync(backend, "q2", "main", "019b8d7d-f23b-7a1b-ac3d-4e5f60718202")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("local_only", (await AskAsync(backend, "q3", "other", "019b8d7d-f23b-7a1b-ac3d-4e5f60718203")).Text, StringComparison.Ordinal);

        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""", TestBackend.Key);
        Assert.DoesNotContain("local_only", (await AskAsync(backend, "q4", "main", "019b8d7d-f23b-7a1b-ac3d-4e5f60718204")).Text, StringComparison.Ordinal);

        static Task<Reply> AskAsync(TestBackend backend, string message, string conversation, string id) => backend.AskAsync(
            TestBackend.Question(message, conversation), key: TestBackend.Key, headers: [("Idempotency-Key", id), ("X-Deadline-Ms", "600000")]);
    }

    private static Task<TestBackend> StartAsync(string database) => TestBackend.StartCloudOverStoreAsync((SettingNames.DatabaseUrl, database));

    private static Task<Reply> AskAsync(TestBackend backend) =>
        backend.AskAsync(TestBackend.Question("Once?", "main"), key: TestBackend.Key, headers: [OperationHeader, ("X-Deadline-Ms", "600000")]);

    private static (Task Asked, TaskCompletionSource Release) Hold(TestBackend backend)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        backend.Advisor.Script = async (_, cancellationToken) =>
        {
            asked.SetResult();
            await release.Task.WaitAsync(TestTimeouts.Signal, cancellationToken);
            return ScriptedAdvisor.Answer("From the first.");
        };
        return (asked.Task.WaitAsync(TestTimeouts.Signal), release);
    }

    private static Task<StreamedReply> AskStreamedAsync(TestBackend backend) => StreamedReply.AskAsync(
        backend, TestBackend.Question("Once?", "main"), headers: [("X-API-Key", TestBackend.Key), OperationHeader, ("X-Deadline-Ms", "600000")]);

    /// <summary>Lets the replica look again until its stream ends.</summary>
    private static async Task<JsonObject> DoneAsync(TestBackend backend, StreamedReply stream)
    {
        while (true)
        {
            var next = stream.NextAsync();
            while (!next.IsCompleted)
            {
                backend.Time.Advance(LookAgain);
                await Task.WhenAny(next, Task.Delay(20));
            }

            var (name, data) = await next;
            if (name != "heartbeat" && name != "delta")
                return name == "done" ? data : throw new InvalidOperationException($"{name}: {data.ToJsonString()}");
        }
    }

    private static async Task<long> ScalarAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
