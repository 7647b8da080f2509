using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;

namespace Maestra.Backend.Tests.Commands;

/// <summary>The store commands as an operator runs them: the real program, over a folder of the earlier backend's.</summary>
public sealed class StoreCommandTests : IDisposable
{
    private const string Earlier =
        """{"id":"notes","owner":"ada","messages":[{"role":"user","content":"hello there"},{"role":"assistant","content":"hi"}]}""";

    private readonly TemporaryFolder _home = new();

    private string Segment => _home.Combine(".8825", "conversations", "log", "000000000001.jsonl");

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Store_ImportThenVerifyStatsAndExport_TellWhatIsThere()
    {
        await ImportAsync();

        Assert.Contains("2 operations in 1 segments, 1 conversations, 2 files: 0 findings", Text(await RunAsync(0, "verify")), StringComparison.Ordinal);
        Assert.Contains("messages      2", Text(await RunAsync(0, "stats")), StringComparison.Ordinal);
        Assert.Contains("hello there", Text(await RunAsync(0, "export", "--user", "ada")), StringComparison.Ordinal);
        Assert.DoesNotContain("hello there", Text(await RunAsync(0, "export", "--user", "bob")), StringComparison.Ordinal);
        Assert.Contains("0 files imported (0 operations), 1 skipped", Text(await RunAsync(0, "import", _home.Combine("old"))), StringComparison.Ordinal);
        await RunAsync(0, "compact");
        await RunAsync(0, "rebuild-views");
        await RunAsync(0, "new-origin");
    }

    /// <summary>Else text is lost where nobody would look for it: in a backup made by a job of cron, whose locale is this one.</summary>
    [Theory]
    [InlineData("en_US.US-ASCII")]
    [InlineData("de_DE.ISO-8859-1")]
    public async Task Export_WhateverTheLocalesCharset_IsUtf8WithoutAByteOrderMark(string locale)
    {
        const string Text = "Gr\u00f6\u00dfe \u4f60\u597d \ud83d\ude80";
        Directory.CreateDirectory(_home.Combine("old"));
        await File.WriteAllTextAsync(
            _home.Combine("old", "notes.json"), $$"""{"id":"notes","owner":"{{Text}}","messages":[{"role":"user","content":"{{Text}}"}]}""");
        await RunAsync(0, "import", _home.Combine("old"));
        var command = $"{BuiltPrograms.Backend} store export --user '{Text}' > {_home.Combine("out")}";

        var result = await RunningProgram.RunAsync(new ProgramStart("/bin/sh", _home.Path, "-c", command).With("LC_ALL", locale));

        var bytes = await File.ReadAllBytesAsync(_home.Combine("out"));
        Assert.Equal(0, result.ExitCode);
        Assert.Equal((byte)'{', bytes[0]);
        var export = JsonNode.Parse(bytes)!;
        Assert.Equal(Text, (string?)export["user_id"]);
        Assert.Equal(Text, (string?)export["conversations"]![0]!["messages"]![0]!["content"]);
    }

    /// <summary>At the first start and by command alike: else the owner's export and erasure would leave them out.</summary>
    [Fact]
    public async Task Import_FileNamesNoOwner_IsTheUsersThatTheSettingsName()
    {
        Directory.CreateDirectory(_home.Combine("old"));
        await File.WriteAllTextAsync(_home.Combine("old", "notes.json"), Earlier.Replace("\"owner\":\"ada\",", "", StringComparison.Ordinal));
        Directory.CreateDirectory(_home.Combine(".maestra"));
        await File.WriteAllTextAsync(_home.Combine(".maestra", "config.json"), """{"MAESTRA_USER_ID":"ada"}""");

        await RunAsync(0, "import", _home.Combine("old"));

        Assert.Contains("hello there", Text(await RunAsync(0, "export", "--user", "ada")), StringComparison.Ordinal);
        Assert.Contains("\"import_done\"", Assert.Single(await File.ReadAllLinesAsync(_home.Combine(".8825", "audit.log"))), StringComparison.Ordinal);
    }

    /// <summary>"0 files imported" would pass for done.</summary>
    [Fact]
    public async Task Import_FolderWithoutAConversationFile_SaysSoAndEndsWithTwo()
    {
        Directory.CreateDirectory(_home.Combine("old"));
        await File.WriteAllTextAsync(_home.Combine("old", "index.json"), "{}");
        await File.WriteAllTextAsync(_home.Combine("old", "notes.txt"), Earlier);

        Assert.Contains("holds no conversation file", (await RunAsync(2, "import", _home.Combine("old"))).Error[0], StringComparison.Ordinal);
        Assert.Contains("is no folder", (await RunAsync(2, "import", _home.Combine("older"))).Error[0], StringComparison.Ordinal);
        Assert.False(Directory.Exists(_home.Combine(".8825")));
    }

    [Fact]
    public async Task Import_FolderThatMayNotBeRead_SaysSoAndEndsWithFour()
    {
        // It has no such modes.
        if (OperatingSystem.IsWindows())
            return;
        var old = Directory.CreateDirectory(_home.Combine("old")).FullName;
        await File.WriteAllTextAsync(_home.Combine("old", "notes.json"), Earlier);
        File.SetUnixFileMode(old, UnixFileMode.None);
        try
        {
            // Root reads everything unless it is told not to.
            string[] command = Environment.IsPrivilegedProcess
                ? ["/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search", BuiltPrograms.Backend]
                : [BuiltPrograms.Backend];
            var result = await RunningProgram.RunAsync(new ProgramStart(command[0], _home.Path, [.. command[1..], "store", "import", old]));

            Assert.Equal($"maestra-backend store: Access to the path '{old}' is denied.", result.Error[^1]);
            Assert.Equal((4, 0), (result.ExitCode, result.Output.Count));
        }
        finally
        {
            File.SetUnixFileMode(old, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task Verify_DamagedStore_NamesTheLineAndEndsWithFour()
    {
        await ImportAsync();
        var bytes = await File.ReadAllBytesAsync(Segment);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(Segment, bytes);

        Assert.Contains("log/000000000001.jsonl line 1: damaged", Text(await RunAsync(4, "verify")), StringComparison.Ordinal);
    }

    /// <summary>wire.md §10.3: the way out of 409 <c>conversation_damaged</c>.</summary>
    [Fact]
    public async Task VerifyRepair_DamagedLineAndTornFile_KeepsThemAsideAndEndsWithZero()
    {
        await ImportAsync();
        var before = await File.ReadAllBytesAsync(Segment);
        var bytes = before.ToArray();
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(Segment, bytes);
        var torn = _home.Combine(".8825", "conversations", "torn.json");
        await File.WriteAllTextAsync(torn, """{"id":"torn","messages":[{"role":"user","content":"still readable"},{"rol""");
        Assert.Contains("torn.json: cannot be read as a conversation", Text(await RunAsync(4, "verify")), StringComparison.Ordinal);

        var repaired = Text(await RunAsync(0, "verify", "--repair"));

        Assert.Contains("log/000000000001.jsonl: 1 damaged regions", repaired, StringComparison.Ordinal);
        Assert.Contains("1 operations in them brought back", repaired, StringComparison.Ordinal);
        Assert.Contains("torn.json: kept as log/damaged/", repaired, StringComparison.Ordinal);
        Assert.Contains(": 0 findings", repaired, StringComparison.Ordinal);
        Assert.Contains(": 0 findings", Text(await RunAsync(0, "verify")), StringComparison.Ordinal);
        var export = Text(await RunAsync(0, "export"));
        Assert.Contains("hello there", export, StringComparison.Ordinal);
        Assert.Contains("still readable", export, StringComparison.Ordinal);
        Assert.DoesNotContain("damaged regions", Text(await RunAsync(0, "verify", "--repair")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_NoStore_SaysWhereItLookedAndMakesNone()
    {
        var result = await RunAsync(4, "stats");

        Assert.Contains("CONVERSATION_HUB_ROOT", string.Join('\n', result.Error), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_home.Combine(".8825", "conversations")));
    }

    private async Task ImportAsync()
    {
        Directory.CreateDirectory(_home.Combine("old"));
        await File.WriteAllTextAsync(_home.Combine("old", "notes.json"), Earlier);
        await RunAsync(0, "import", _home.Combine("old"));
    }

    private async Task<ProgramResult> RunAsync(int exitCode, params string[] arguments)
    {
        var result = await RunningProgram.RunAsync(new ProgramStart(BuiltPrograms.Backend, _home.Path, ["store", .. arguments]));
        Assert.True(result.ExitCode == exitCode, $"{result.ExitCode}: {string.Join('\n', result.Output.Concat(result.Error))}");
        return result;
    }

    private static string Text(ProgramResult result) => string.Join('\n', result.Output);
}
