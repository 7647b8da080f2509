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

    [Fact]
    public async Task Verify_DamagedStore_NamesTheLineAndEndsWithFour()
    {
        await ImportAsync();
        var bytes = await File.ReadAllBytesAsync(Segment);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(Segment, bytes);

        Assert.Contains("log/000000000001.jsonl line 1: damaged", Text(await RunAsync(4, "verify")), StringComparison.Ordinal);
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
