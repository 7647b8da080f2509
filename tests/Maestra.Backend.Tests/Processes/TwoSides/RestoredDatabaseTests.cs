using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;

namespace Maestra.Backend.Tests.Processes.TwoSides;

/// <summary>A dump read back over the database of a backend that runs, as an operator in a hurry does, and a copy of its files while it is stopped (decision 61).</summary>
public sealed class RestoredDatabaseTests
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private int _asked;

    [PostgresFact]
    public Task Cloud_ItsDatabaseIsReadBackWhileItRuns_LosesNothingThatAPeerHoldsAndNothingNew() => RestoreAsync(
        static database => database.DumpAsync("postgres"),
        static (database, _, dump) => database.ReadBackAsync(dump, "postgres"));

    [PostgresFact]
    public Task Cloud_TheFilesOfItsDatabaseArePutBackWhileItIsStopped_LosesNothingThatAPeerHoldsAndNothingNew() => RestoreAsync(
        static database => database.CopyFilesAsync(),
        static async (database, cloud, copy) =>
        {
            await cloud.StopAsync();
            await database.PutFilesBackAsync(copy);
            await cloud.StartAsync(cloud.Url.Port);
        });

    /// <summary>Where nothing is kept beside the backend, its owner says it.</summary>
    [PostgresFact]
    public Task Cloud_TheFilesArePutBackAndItsStateIsNew_LosesNothingAfterNewOrigin() => RestoreAsync(
        static database => database.CopyFilesAsync(),
        static async (database, cloud, copy) =>
        {
            await cloud.StopAsync();
            await database.PutFilesBackAsync(copy);
            cloud.ForgetDatabase();
            Assert.Contains("new origins", Assert.Single(await cloud.CommandAsync("store", "new-origin")), StringComparison.Ordinal);
            await cloud.StartAsync(cloud.Url.Port);
        });

    private async Task RestoreAsync(Func<PostgresCluster, Task<string>> backUp, Func<PostgresCluster, RestartingBackend, string, Task> restore)
    {
        await using var database = await PostgresCluster.StartAsync();
        await using var cloud = new RestartingBackend("cloud", ("DATABASE_URL", database.Url("postgres")));
        await using var local = new RestartingBackend("local");
        await cloud.StartAsync();
        var invited = await cloud.CommandAsync("peers", "invite", "--user", "ada");
        var code = invited.First(static line => line.StartsWith("code ", StringComparison.Ordinal))[4..].Trim();
        await local.CommandAsync("peers", "join", code, "--url", cloud.Url.OriginalString.TrimEnd('/'), "--user", "ada");
        await local.StartAsync();
        await AskAsync(cloud, "before");
        var backup = await backUp(database);
        await AskAsync(cloud, "lost", "lost too");
        await SettledAsync(["before", "lost", "lost too"], local);

        // The peer is away meanwhile: a round in between would tell the cloud that it is behind.
        await local.KillAsync();
        await restore(database, cloud, backup);
        await AskAsync(cloud, "after", "after it", "and then");
        await local.StartAsync();

        await SettledAsync(["before", "lost", "lost too", "after", "after it", "and then"], local, cloud);
    }

    private async Task AskAsync(RestartingBackend side, params string[] messages)
    {
        foreach (var message in messages)
            await side.AskAsync(message, "main", Guid.Parse($"019b8d7d-f23b-7a1b-ac3d-{++_asked:x12}"));
    }

    /// <summary>Until each holds exactly these questions, in this order.</summary>
    private static async Task SettledAsync(IReadOnlyList<string> questions, params RestartingBackend[] sides)
    {
        foreach (var side in sides)
        {
            using var limit = new CancellationTokenSource(TestTimeouts.Signal);
            IReadOnlyList<string> held = [];
            while (!(held = await QuestionsAsync(side)).SequenceEqual(questions))
            {
                Assert.False(limit.IsCancellationRequested, $"{side.Mode} holds {string.Join(", ", held)}\n{side.ErrorText}");
                await Task.Delay(Poll, TimeProvider.System);
            }
        }
    }

    private static async Task<IReadOnlyList<string>> QuestionsAsync(RestartingBackend side) =>
        (await side.ExportAsync()).TryGetValue("main", out var main)
            ? [.. main["messages"]!.AsArray().Where(static one => (string)one!["role"]! == "user").Select(static one => (string)one!["content"]!)]
            : [];
}
