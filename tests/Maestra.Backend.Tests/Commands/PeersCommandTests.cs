using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Commands;

/// <summary>T34, T37: <c>peers</c> and <c>identity</c> as an owner types them: the real program, beside real backends.</summary>
public sealed class PeersCommandTests : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly TemporaryFolder _inviter = new();
    private readonly TemporaryFolder _joiner = new();

    public void Dispose()
    {
        _inviter.Dispose();
        _joiner.Dispose();
    }

    /// <summary>A pairing from its first code to its end, with a changed key and a confirmation between.</summary>
    [Fact]
    public async Task Pairing_InvitedJoinedRenewedConfirmedAndRemoved_T34()
    {
        await using var hosted = await BackendProcess.StartAsync("local", _inviter.Path);
        var url = hosted.Url.OriginalString.TrimEnd('/');
        var invited = await RunAsync(_inviter, 0, "peers", "invite", "--user", "ada");
        var code = Value(invited, "code");
        Assert.Contains($"peers join {code} --url URL-OF-THIS-BACKEND --user 'ada'", invited, StringComparison.Ordinal);

        var joined = await RunAsync(_joiner, 0, "peers", "join", code, "--url", url, "--user", "ada");

        // Both sides name the other and show the fingerprint that the other has.
        var (inviterId, joinerId) = (code.Split('.')[0], Value(await RunAsync(_joiner, 0, "identity", "show"), "backend"));
        var (inviterList, joinerList) = (await RunAsync(_inviter, 0, "peers", "list"), await RunAsync(_joiner, 0, "peers", "list"));
        Assert.Equal((inviterId, Value(invited, "fingerprint"), "ada"), (Value(joined, "paired with"), Value(joined, "fingerprint"), Value(joined, "user")));
        Assert.Contains($"{joinerId}  user ada  active\n  url          none: it calls this backend\n", inviterList, StringComparison.Ordinal);
        Assert.Contains($"{inviterId}  user ada  active\n  url          {url}\n", joinerList, StringComparison.Ordinal);
        Assert.Contains(Value(joinerList, "  fingerprint"), invited, StringComparison.Ordinal);
        Assert.Contains(Value(inviterList, "  fingerprint"), joined, StringComparison.Ordinal);

        // A code that was used is nobody's.
        using var third = new TemporaryFolder();
        Assert.Contains("pairing_code_invalid", await RunAsync(third, 1, "peers", "join", code, "--url", url, "--user", "ada"), StringComparison.Ordinal);
        Assert.Contains("No backend is paired", await RunAsync(third, 0, "peers", "list"), StringComparison.Ordinal);

        // A changed key is announced by the running joiner, and counts once the inviter's owner says so.
        var renewed = await RunAsync(_joiner, 0, "identity", "rotate");
        var newId = Value(renewed, "backend");
        Assert.Contains($"peers confirm {newId}", renewed, StringComparison.Ordinal);
        await using (await BackendProcess.StartAsync("local", _joiner.Path))
            await hosted.Program.Error.FirstAsync(line => line.Contains(newId, StringComparison.Ordinal));
        Assert.Contains($"peers confirm {newId}", await RunAsync(_inviter, 0, "peers", "list"), StringComparison.Ordinal);
        Assert.Contains($"{newId} is paired and active; its former key {joinerId} counts until", await RunAsync(_inviter, 0, "peers", "confirm", newId), StringComparison.Ordinal);
        Assert.Contains("nothing to confirm", await RunAsync(_inviter, 1, "peers", "confirm", newId), StringComparison.Ordinal);
        Assert.Contains($"{newId}  user ada  active", await RunAsync(_inviter, 0, "peers", "list"), StringComparison.Ordinal);

        // Removed on the running side, a call is refused there.
        await RunAsync(_inviter, 0, "peers", "remove", newId);
        Assert.Contains("not paired", await RunAsync(_inviter, 1, "peers", "remove", newId), StringComparison.Ordinal);
        await using var refused = await BackendProcess.StartAsync("local", _joiner.Path);
        await refused.Program.Error.FirstAsync(line => line.Contains(inviterId, StringComparison.Ordinal) && line.Contains("403", StringComparison.Ordinal));
        Assert.Contains("No backend is paired", await RunAsync(_inviter, 0, "peers", "list"), StringComparison.Ordinal);

        // Each act and each refusal stands in the audit of its backend, one that was started since included; what a command did is taken up
        // within seconds, so that a quick peer may come before its invitation.
        await refused.StopAsync();
        using (var patience = new CancellationTokenSource(TestTimeouts.Signal))
        {
            while ((await AuditedAsync(_inviter)).All(static told => told.Event != "peer_removed"))
                await Task.Delay(Poll, patience.Token);
        }

        await hosted.StopAsync();
        Assert.Equivalent(
            (IEnumerable<(string, string)>)[("peer_invited", inviterId), ("peer_registered", inviterId), ("peer_refused", inviterId), ("peer_registered", newId), ("peer_removed", newId)],
            (await AuditedAsync(_inviter)).Where(static told => told.Event != "sync_refused").DistinctBy(static told => (told.Event, told.Subject)),
            strict: true);
        Assert.Contains((await AuditedAsync(_inviter)), static told => told.Event == "sync_refused");
        Assert.Equal([("peer_registered", inviterId)], await AuditedAsync(_joiner));
        Assert.DoesNotContain(code[^32..], await File.ReadAllTextAsync(_inviter.Combine("state", "audit.log")), StringComparison.Ordinal);
    }

    /// <summary>T37: a code after its ten minutes, a code of somebody else, and one at a place where no backend is.</summary>
    [Fact]
    public async Task Join_WithABadCodeOrUrl_SaysWhatIsWrongAndPairsNothing_T37()
    {
        await using var hosted = await BackendProcess.StartAsync("local", _inviter.Path);
        var url = hosted.Url.OriginalString;
        var code = Value(await RunAsync(_inviter, 0, "peers", "invite", "--user", "ada"), "code");
        string[] withUser = ["--user", "ada"];

        foreach (var (text, at, user, expected) in new[]
        {
            ("nonsense", url, withUser, "the code is not what invite prints"),
            (code[..^1], url, withUser, "the code is not what invite prints"),
            (code.ToUpperInvariant(), url, withUser, "the code is not what invite prints"),
            (code[..^4] + "aaaa", url, withUser, "pairing_code_invalid"),
            ("local_sha256_0000000000000000" + code[^33..], url, withUser, "signature_invalid"),
            (code, "http://example.com", withUser, "--url 'http://example.com' is wrong; expected https://host"),
            (code, "http://127.0.0.1:1", withUser, "cannot be reached"),
            (code, url, ["--user", "bob"], "user_mismatch"),
            (code, url, [], "say whose conversations go both ways"),
        })
        {
            var said = await RunAsync(_joiner, 1, null, ["peers", "join", text, "--url", at, .. user]);
            Assert.Contains(expected, said, StringComparison.Ordinal);
            Assert.DoesNotContain(code[^32..], said, StringComparison.Ordinal);
        }

        Assert.Contains("run join on the other one", await RunAsync(_inviter, 1, "peers", "join", code, "--url", url, "--user", "ada"), StringComparison.Ordinal);
        await ExpireAsync();
        Assert.Contains("pairing_code_invalid", await RunAsync(_joiner, 1, "peers", "join", code, "--url", url, "--user", "ada"), StringComparison.Ordinal);
        Assert.Contains("No backend is paired", await RunAsync(_joiner, 0, "peers", "list"), StringComparison.Ordinal);
        Assert.Contains("No backend is paired", await RunAsync(_inviter, 0, "peers", "list"), StringComparison.Ordinal);
    }

    /// <summary>A peer of the settings that an owner removed stays removed until it is confirmed.</summary>
    [Fact]
    public async Task ConfiguredPeer_RemovedAndConfirmed_IsTakenUpAgain()
    {
        var shown = await RunAsync(_joiner, 0, "identity", "show");
        var id = Value(shown, "backend");
        var setting = $"{id},{Value(shown, "public key")},ada,http://127.0.0.1:1";

        Assert.Contains($"{id}  user ada  active  of MAESTRA_PEERS", await RunAsync(_inviter, 0, setting, ["peers", "list"]), StringComparison.Ordinal);
        await RunAsync(_inviter, 0, setting, ["peers", "remove", id]);
        var removed = await RunAsync(_inviter, 0, setting, ["peers", "list"]);
        Assert.Contains($"{id}  user ada  removed  of MAESTRA_PEERS", removed, StringComparison.Ordinal);
        Assert.Contains("why          removed by its owner", removed, StringComparison.Ordinal);
        Assert.Contains($"{id} is paired and active", await RunAsync(_inviter, 0, setting, ["peers", "confirm", id]), StringComparison.Ordinal);
        Assert.Contains($"{id}  user ada  active  of MAESTRA_PEERS", await RunAsync(_inviter, 0, setting, ["peers", "list"]), StringComparison.Ordinal);
        Assert.Contains("entry 1: the key is not", await RunAsync(_inviter, 2, setting.Replace(",MII", ",MIJ", StringComparison.Ordinal), ["peers", "list"]), StringComparison.Ordinal);
    }

    /// <summary>A list that cannot be read is told, with exit code 1, and stays as it is.</summary>
    [Fact]
    public async Task DamagedList_IsToldAndKept()
    {
        Directory.CreateDirectory(_inviter.Combine("state"));
        await File.WriteAllTextAsync(_inviter.Combine("state", "peers.json"), "{ no JSON");

        foreach (var arguments in new[] { new[] { "list" }, ["invite", "--user", "ada"], ["remove", "x"], ["confirm", "x"] })
            Assert.Contains("The list of peers cannot be read or written", await RunAsync(_inviter, 1, null, ["peers", .. arguments]), StringComparison.Ordinal);

        Assert.Equal("{ no JSON", await File.ReadAllTextAsync(_inviter.Combine("state", "peers.json")));
    }

    /// <summary>The time of a real process cannot be moved; when its invitation ends can.</summary>
    private async Task ExpireAsync()
    {
        var path = _inviter.Combine("state", "peers.json");
        var state = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        foreach (var invite in state["invites"]!.AsArray())
            invite!["expires_at"] = "2026-01-05T09:30:00.000000Z";
        await File.WriteAllTextAsync(path, state.ToJsonString());
    }

    /// <summary>What the audit holds about peers.</summary>
    private static async Task<IReadOnlyList<(string Event, string Subject)>> AuditedAsync(TemporaryFolder home) =>
    [
        .. (await File.ReadAllLinesAsync(home.Combine("state", "audit.log"))).Select(static line => JsonNode.Parse(line)!)
            .Select(static record => ((string)record["event"]!, (string)record["subject"]!))
            .Where(static told => told.Item1.StartsWith("peer_", StringComparison.Ordinal) || told.Item1.StartsWith("sync_", StringComparison.Ordinal)),
    ];

    private static string Value(string output, string name) =>
        output.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal))[name.Length..].Trim();

    private static Task<string> RunAsync(TemporaryFolder home, int exitCode, params string[] arguments) => RunAsync(home, exitCode, null, arguments);

    private static async Task<string> RunAsync(TemporaryFolder home, int exitCode, string? peers, string[] arguments)
    {
        var start = new ProgramStart(BuiltPrograms.Backend, home.Path, arguments)
            .With("CONVERSATION_HUB_ROOT", home.Combine("conversations")).With("MAESTRA_STATE_ROOT", home.Combine("state"));
        var result = await RunningProgram.RunAsync(peers is null ? start : start.With(SettingNames.Peers, peers));
        var text = string.Join('\n', result.Output.Concat(result.Error)) + "\n";
        Assert.True(
            result.ExitCode == exitCode,
            string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', arguments)} ended with {result.ExitCode}, expected {exitCode}:\n{text}"));
        return text;
    }
}
