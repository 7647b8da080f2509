using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.Time;
using Maestra.Backend.Commands;
using Xunit.Abstractions;

namespace Maestra.Backend.Tests.Commands;

/// <summary>Issue 3, 7: progress on a terminal, and nowhere else.</summary>
public sealed class ProgressLineTests(ITestOutputHelper output)
{
    private const string Script = "/usr/bin/script";
    private const string NeedsScript = "needs Debian's bsdutils, for its pseudo-terminal";
    private const string ToStart = "\r\x1b[K";

    [Fact]
    public void Report_ManyTimesASecond_WritesFiveLinesASecondOverEachOtherAndLeavesTheLast()
    {
        var time = new ManualTimeProvider();
        using var terminal = new StringWriter();
        using (var progress = new ProgressLine(terminal, time))
        {
            for (var n = 0; n < 1_000; n++)
            {
                progress.Report(new StoreProgress("reading the log", n, 12_000, "segments"));
                time.Advance(TimeSpan.FromMilliseconds(1));
            }

            progress.Report(new StoreProgress("comparing files", 1, 0, "files"));
        }

        var lines = terminal.ToString().Split('\n');
        Assert.Equal(5 + 1, lines[0].Split(ToStart).Length - 1);
        Assert.EndsWith(ToStart + "reading the log: 999 of 12,000 segments", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(ToStart + "comparing files: 1 files", lines[1], StringComparison.Ordinal);
        Assert.Equal(["", ""], [lines[2], lines[0].Split(ToStart)[0]]);
    }

    [Fact]
    public void Clear_ForALineOfTheLog_TakesTheProgressAwayUntilLater()
    {
        var time = new ManualTimeProvider();
        using var terminal = new StringWriter();
        using var progress = new ProgressLine(terminal, time);
        progress.Report(new StoreProgress("a", 1, 9, "b"));
        progress.Clear();
        progress.Report(new StoreProgress("a", 2, 9, "b"));
        Assert.EndsWith(ToStart, terminal.ToString(), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMilliseconds(200));
        progress.Report(new StoreProgress("a", 3, 9, "b"));
        Assert.EndsWith("a: 3 of 9 b", terminal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null, true)]
    [InlineData(false, null, false)]
    [InlineData(true, "CI", false)]
    [InlineData(true, "NO_COLOR", false)]
    public void IsWanted_OnATerminalThatAsksForNothingElse(bool isTerminal, string? variable, bool wanted) =>
        Assert.Equal(wanted, ProgressLine.IsWanted(isTerminal, variable is null ? [] : new Dictionary<string, string> { [variable] = "1" }));

    /// <summary>The real program on a pseudo-terminal: the progress is there, and what goes into a pipe is as ever.</summary>
    [Fact]
    public async Task Verify_OnATerminal_ShowsProgressAndItsOutputStaysClean()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(Script))
        {
            Assert.False(OperatingSystem.IsLinux() && TestSkips.AreForbidden, NeedsScript);
            output.WriteLine(NeedsScript);
            return;
        }

        using var home = new TemporaryFolder();
        Directory.CreateDirectory(home.Combine("old"));
        await File.WriteAllTextAsync(home.Combine("old", "notes.json"), """{"id":"notes","owner":"ada","messages":[{"role":"user","content":"hello"}]}""");
        await RunningProgram.RunAsync(new ProgramStart(BuiltPrograms.Backend, home.Path, "store", "import", home.Combine("old")));
        var command = $"{BuiltPrograms.Backend} store verify > {home.Combine("out")}";

        var result = await RunningProgram.RunAsync(
            new ProgramStart(Script, home.Path, "-qec", command, "/dev/null").With("CI", "").With("NO_COLOR", "").With("TERM", "xterm"));
        var piped = await RunningProgram.RunAsync(new ProgramStart(BuiltPrograms.Backend, home.Path, "store", "verify"));

        var shown = string.Join('\n', result.Output);
        Assert.True(result.ExitCode == 0, shown);
        Assert.Contains("reading the log: 1 of 1 segments", shown, StringComparison.Ordinal);
        Assert.Contains("comparing files: 1 of 1 conversations", shown, StringComparison.Ordinal);
        Assert.Equal(piped.Output, await File.ReadAllLinesAsync(home.Combine("out")));
        Assert.Empty(piped.Error);
    }
}
