using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Documents;

/// <summary>Every command of docs/operations.md, run by the real shell with the real programs, section by section: each in a home of its own, and all in one.</summary>
public sealed partial class OperationsDocumentTests : IDisposable
{
    private const string SlackUrl = "https://hooks.slack.com/services/T0000/B0000/XXXX";

    /// <summary>What only a home tells in which nothing was done before.</summary>
    private const string RecordsOfAFreshHome = "3 records in 1 chains are sound";

    private static readonly string Document = File.ReadAllText(RepositoryRoot.Combine("docs", "operations.md"));

    private readonly TemporaryFolder _home = new();

    /// <summary>Each section with commands, and what its commands must print.</summary>
    private static readonly Dictionary<string, string[]> Expected = new()
    {
        ["Local"] = ["\"status\":\"ready\"", "\"conversation_id\":\"first\"", "\"message_count\":2", "\"brain_id\":\"maestra\"", "The store has a new identity"],
        ["Keep a conversation here"] = ["\"tags\":[\"local_only\"]", "\"tags\":[]"],
        ["Cloud with PostgreSQL"] = ["CREATE ROLE\nCREATE DATABASE\n", "\"source\":\"cloud\"", "\"owner\":\"ada\"", "The store has a new identity"],
        ["Keys"] = ["\"total_requests\":", "401"],
        ["Limits"] = ["request 200\nrequest 200\nrequest 200\nrequest 200\nrequest 200\nrequest 429", "etry-"],
        ["Metrics"] = ["\"total_requests\":1", "maestra_total_requests 1\n", "maestra_store_commit_seconds_count 2\n", "\"surface_id\":\"cli\",\"user_id\":\"u_"],
        ["Alerts"] = ["\"status\":\"ready\""],
        ["Audit"] = ["\"status\":\"erased\"", RecordsOfAFreshHome, "\"event\":\"conversation_erased\"", "told with exit code 4"],
    };

    public static TheoryData<string> Sections => [.. Expected.Keys.Where(section => section is not ("Cloud with PostgreSQL" or "Alerts"))];

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Sections_WithCommands_AreAllRun() =>
        Assert.Equal(Expected.Keys.Order(StringComparer.Ordinal), AllSections().Where(section => Blocks(section).Any()).Order(StringComparer.Ordinal));

    /// <summary>The README shows the mark by a command that is run here.</summary>
    [Fact]
    public void Readme_CommandOfTheMark_IsOneOfTheSection() => Assert.Single(
        Block().Matches(File.ReadAllText(RepositoryRoot.Combine("README.md"))).Select(block => block.Groups[1].Value), Blocks("Keep a conversation here").Contains);

    [Theory]
    [MemberData(nameof(Sections))]
    public Task Commands_OfEachSection_DoWhatTheySay(string section) => RunAsync(section);

    [Fact]
    public async Task Commands_OfAlerts_ReachSlack()
    {
        await using var slack = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(200, "ok")));

        await RunAsync("Alerts", places: [(SlackUrl, slack.Url.ToString())]);

        Assert.Equal(["Backend started", "Backend stopping"], slack.Requests.Select(request => Title().Match(request.Text).Groups[1].Value));
    }

    /// <summary>The section that needs a server of PostgreSQL; skipped, with the reason, where there is none.</summary>
    [PostgresFact]
    public async Task Commands_OfCloudWithPostgreSql_DoWhatTheySay()
    {
        await using var cluster = await PostgresCluster.StartAsync();

        await RunAsync("Cloud with PostgreSQL", places: Places(cluster));
    }

    /// <summary>As somebody reads it: what a section leaves in the home does not stop the next. Without a server of PostgreSQL as above.</summary>
    [PostgresFact]
    public async Task Commands_FromTopToBottomInOneHome_DoWhatTheySay()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        await using var slack = ChaosProxy.Start(Chaos.Respond(CannedResponse.Text(200, "ok")));

        foreach (var section in AllSections().Where(Expected.ContainsKey))
        {
            await RunAsync(section, isHomeFresh: false, section switch
            {
                "Cloud with PostgreSQL" => Places(cluster),
                "Alerts" => [(SlackUrl, slack.Url.ToString())],
                _ => [],
            });
        }
    }

    /// <summary>Of the mark that nobody takes away any more, in whatever form it is there.</summary>
    [Fact]
    public async Task Command_ThatDeletesAMark_DeletesThatOne()
    {
        var marks = _home.Combine(".maestra", "local-only.d");
        var (diary, other) = (Path.Combine(marks, MarkOf("diary")), Path.Combine(marks, MarkOf("other")));
        Directory.CreateDirectory(diary);
        Directory.CreateDirectory(other);
        await File.WriteAllTextAsync(Path.Combine(diary, "of a store that is gone"), "");
        await File.WriteAllTextAsync(diary + ".former", "");

        var result = await RunningProgram.RunAsync(new ProgramStart("/bin/bash", _home.Path, "-c", Blocks("Keep a conversation here").Last()));

        Assert.Equal((0, ""), (result.ExitCode, string.Join('\n', result.Error)));
        Assert.Equal([other], Directory.GetFileSystemEntries(marks));
    }

    private static string MarkOf(string conversation) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(conversation)));

    private static (string Documented, string Here)[] Places(PostgresCluster cluster)
    {
        var administrator = cluster.Url("postgres");
        return [("psql -d postgres", $"psql -d {administrator}"), ("127.0.0.1:5432", new Uri(administrator).Authority)];
    }

    private async Task RunAsync(string section, bool isHomeFresh = true, params (string Documented, string Here)[] places)
    {
        var script = Script(section, places);
        var bin = Path.GetDirectoryName(BuiltPrograms.Backend)!;
        var start = new ProgramStart("/bin/bash", _home.Path, "-c", script)
            .With("PATH", $"{bin}:{Environment.GetEnvironmentVariable("PATH")}:{PostgresTools.Programs}");

        var result = await RunningProgram.RunAsync(start);

        var output = string.Join('\n', result.Output) + "\n";
        Assert.True(result.ExitCode == 0, $"{section} ended with {result.ExitCode}:\n{output}\n{string.Join('\n', result.Error)}");
        Assert.All(Expected[section].Where(expected => isHomeFresh || expected != RecordsOfAFreshHome), expected => Assert.Contains(expected, output, StringComparison.Ordinal));
    }

    /// <summary>The section's commands as one script; whatever becomes of it, no backend outlives it.</summary>
    private static string Script(string section, (string Documented, string Here)[] places)
    {
        var commands = string.Join('\n', Blocks(section));
        foreach (var port in (string[])["8825", "8826"])
        {
            // The folder ~/.8825 is no port.
            commands = Regex.Replace(commands, $@"(?<![.\d/]){port}\b", FreePort.Find().ToString(CultureInfo.InvariantCulture));
        }

        foreach (var (documented, here) in places)
        {
            Assert.Contains(documented, commands, StringComparison.Ordinal);
            commands = commands.Replace(documented, here, StringComparison.Ordinal);
        }

        return $"set -eu\ntrap 'kill -9 $(jobs -p) 2>/dev/null || true' EXIT\n{commands}\n";
    }

    private static IEnumerable<string> AllSections() => Heading().Matches(Document).Select(heading => heading.Groups[1].Value);

    private static IEnumerable<string> Blocks(string section)
    {
        var from = Document.IndexOf($"\n## {section}\n", StringComparison.Ordinal);
        var to = Document.IndexOf("\n## ", from + 1, StringComparison.Ordinal);
        return Block().Matches(to < 0 ? Document[from..] : Document[from..to]).Select(block => block.Groups[1].Value);
    }

    [GeneratedRegex(@"^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```bash\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("\"title\":\"([^\"]*)\"")]
    private static partial Regex Title();
}
