using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Postgres;
using Xunit.Abstractions;

namespace Maestra.Backend.Tests.Processes.TwoSides;

/// <summary>
/// Two real backends, one of them on PostgreSQL, both written to while either of them and the database is killed and the wire between them breaks:
/// equal at the end, nothing lost, nothing doubled (issue 7, Proof). <c>MAESTRA_SYNC_MESSAGES</c> and <c>MAESTRA_SYNC_PROCESS_SEED</c> choose
/// how many messages and which faults.
/// </summary>
public sealed class TwoSidesTests(ITestOutputHelper output)
{
    private const int MessagesInCi = 240;
    private const int DefaultSeed = 20260105;
    private const int WritersASide = 4;
    private const int QuestionsPerConversation = 20;
    private const int MinQuestionsBetweenKills = 15;
    private const int MaxQuestionsBetweenKills = 40;
    private const int MaxQuestionsWhileDown = 8;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly int _questions = Number("MAESTRA_SYNC_MESSAGES", MessagesInCi) / 2;
    private readonly int _seed = Number("MAESTRA_SYNC_PROCESS_SEED", DefaultSeed);
    private readonly List<string> _acknowledged = [];
    private readonly Lock _gate = new();
    private int _asked;

    [PostgresFact]
    public async Task BothSidesWrittenTo_UnderKillsAndCuts_EndEqualWithNothingLostAndNothingDoubled()
    {
        var began = Stopwatch.GetTimestamp();
        await using var database = await PostgresCluster.StartAsync();
        await using var cloud = new RestartingBackend("cloud", ("DATABASE_URL", database.Url("postgres")));
        await using var local = new RestartingBackend("local");
        await using var wire = ChaosWire.Start(_seed);
        await cloud.StartAsync();
        wire.LeadTo(cloud.Url.Port);
        var invited = await cloud.CommandAsync("peers", "invite", "--user", "ada");
        var code = invited.First(static line => line.StartsWith("code ", StringComparison.Ordinal))[4..].Trim();
        await local.CommandAsync("peers", "join", code, "--url", wire.Url.OriginalString.TrimEnd('/'), "--user", "ada");
        wire.Break();
        await local.StartAsync();

        var writing = Task.WhenAll(Enumerable.Range(0, 2 * WritersASide).Select(writer => WriteAsync(writer % 2 == 0 ? local : cloud)));
        var databaseKills = await BreakAsync(local, cloud, database, wire, writing);
        await writing;

        // Killed once more, so that what is compared is what is on disk; the local side calls at once when it starts.
        await local.KillAsync();
        await cloud.KillAsync();
        await wire.HealAsync();
        await cloud.StartAsync();
        wire.LeadTo(cloud.Url.Port);
        await local.StartAsync();
        var settling = Stopwatch.GetTimestamp();
        var (here, there) = await SettledAsync(local, cloud);
        output.WriteLine(
            $"seed {_seed}: {2 * _acknowledged.Count} messages written on both sides in {Stopwatch.GetElapsedTime(began, settling).TotalSeconds:F0} s, "
            + $"killed: local {local.Kills}, cloud {cloud.Kills}, database {databaseKills}, refused starts {local.RefusedStarts + cloud.RefusedStarts}; connections: {wire.Summary}; "
            + $"{Stopwatch.GetElapsedTime(settling).TotalSeconds:F1} s after the last start {Count(here)} and {Count(there)} messages are there");
        if (Count(here) != Count(there) || Count(here) != 2 * _questions)
        {
            foreach (var side in (RestartingBackend[])[local, cloud])
                output.WriteLine($"{side.Mode}: {await side.PeersAsync()}\n{side.ErrorText}");
        }

        Check(here, there);
    }

    /// <summary>Takes the next question there is until there is none; each is acknowledged before the next is taken.</summary>
    private async Task WriteAsync(RestartingBackend side)
    {
        while (Interlocked.Increment(ref _asked) is var number && number <= _questions)
        {
            var message = string.Create(CultureInfo.InvariantCulture, $"Question {number} of the {side.Mode} side");
            var operation = Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"019b8d7d-f23b-7a1b-ac3d-{number:x12}"));
            await side.AskAsync(message, string.Create(CultureInfo.InvariantCulture, $"main-{number / QuestionsPerConversation}"), operation);
            lock (_gate)
                _acknowledged.Add(message);
        }
    }

    /// <summary>Kills one of the three after so many questions, starts it anew after some more, and so on; each of the three in every three kills.</summary>
    /// <returns>How often the database was killed.</returns>
    private async Task<int> BreakAsync(RestartingBackend local, RestartingBackend cloud, PostgresCluster database, ChaosWire wire, Task writing)
    {
        var random = new Random(_seed + 1);
        var (at, databaseKills) = (0, 0);

        // While one side is down its writers hold a question each, which is not acknowledged before it is up again.
        var last = _questions - MaxQuestionsWhileDown - WritersASide;
        var turns = new Queue<int>();
        while ((at += random.Next(MinQuestionsBetweenKills, MaxQuestionsBetweenKills)) < last)
        {
            if (turns.Count == 0)
                turns = new Queue<int>(Enumerable.Range(0, 3).OrderBy(_ => random.Next()));
            await AcknowledgedAsync(at, writing);
            var whileDown = at + random.Next(MaxQuestionsWhileDown);
            switch (turns.Dequeue())
            {
                case 0:
                    await local.KillAsync();
                    await AcknowledgedAsync(whileDown, writing);
                    await local.StartAsync();
                    break;
                case 1:
                    await cloud.KillAsync();
                    await AcknowledgedAsync(whileDown, writing);
                    await cloud.StartAsync();
                    wire.LeadTo(cloud.Url.Port);
                    break;
                default:
                    databaseKills++;
                    await database.KillAsync();
                    await AcknowledgedAsync(whileDown, writing);
                    await database.StartServerAsync();
                    break;
            }
        }

        return databaseKills;
    }

    /// <summary>The other side goes on writing, so this many come.</summary>
    private async Task AcknowledgedAsync(int count, Task writing)
    {
        while (Acknowledged() < count)
        {
            if (writing.IsFaulted)
                await writing;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private int Acknowledged()
    {
        lock (_gate)
            return _acknowledged.Count;
    }

    /// <summary>What both sides hold, once it is the same and as much as there must be, or once nothing has come for a long time.</summary>
    private async Task<(SortedDictionary<string, JsonObject> Here, SortedDictionary<string, JsonObject> There)> SettledAsync(
        RestartingBackend local, RestartingBackend cloud)
    {
        var (most, since) = (0, Stopwatch.GetTimestamp());
        while (true)
        {
            var (here, there) = (await local.ExportAsync(), await cloud.ExportAsync());
            var held = Count(here) + Count(there);
            if (Texts(here).SequenceEqual(Texts(there)) && held >= 4 * _acknowledged.Count)
                return (here, there);
            if (held > most)
                (most, since) = (held, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(since) > TestTimeouts.Signal)
                return (here, there);
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    private void Check(SortedDictionary<string, JsonObject> here, SortedDictionary<string, JsonObject> there)
    {
        Assert.Equal(_questions, _acknowledged.Count);
        foreach (var side in (SortedDictionary<string, JsonObject>[])[here, there])
        {
            var messages = side.Values.SelectMany(static one => one["messages"]!.AsArray()).ToList();
            var questions = messages.Where(static one => (string)one!["role"]! == "user").Select(static one => (string)one!["content"]!).ToList();
            Assert.True(
                _acknowledged.Order(StringComparer.Ordinal).SequenceEqual(questions.Order(StringComparer.Ordinal)),
                $"Seed {_seed}: lost {string.Join(", ", _acknowledged.Except(questions))}; doubled "
                + string.Join(", ", questions.GroupBy(static one => one).Where(static one => one.Count() > 1).Select(static one => one.Key)));
            Assert.Equal(2 * _questions, messages.Count);
            Assert.Equal(2 * _questions, messages.Select(static one => (string)one!["id"]!).Distinct().Count());
            Assert.All(
                messages.GroupBy(static one => (string)one!["meta"]!["operation_id"]!),
                static pair => Assert.Equal(["assistant", "user"], pair.Select(static one => (string)one!["role"]!).Order(StringComparer.Ordinal)));
        }

        Assert.Equal(Texts(here), Texts(there));
    }

    private static int Count(SortedDictionary<string, JsonObject> side) => side.Values.Sum(static one => one["messages"]!.AsArray().Count);

    private static IEnumerable<string> Texts(SortedDictionary<string, JsonObject> side) => side.Values.Select(static one => one.ToJsonString());

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
