using ConversationHub.Testing;
using ConversationHub.Testing.Processes;

namespace ConversationHub.Store.Tests.Maintenance;

public sealed class CrashTests
{
    /// <summary>50 rounds in parts, so that each part ends within the limit of one signal on the slowest machine.</summary>
    private const int Parts = 5;

    private const int RoundsOfAPart = 10;

    /// <summary>The record of 1,000 rounds is in docs/bench; this is the part of it that every build runs.</summary>
    [Fact]
    public async Task Kill_AtRandomPoints_LosesNothingAcknowledgedAndInventsNothing()
    {
        using var home = new TemporaryFolder();
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var harness = RepositoryRoot.Combine("artifacts", "bin", "ConversationHub.Store.CrashHarness", configuration,
            OperatingSystem.IsWindows() ? "store-crash-harness.exe" : "store-crash-harness");
        var seed = Environment.TickCount & int.MaxValue;

        for (var part = 0; part < Parts; part++)
        {
            var result = await RunningProgram.RunAsync(new ProgramStart(harness, home.Path, "run", $"{RoundsOfAPart}", $"{seed + part}"));

            Assert.True(result.ExitCode == 0, string.Join('\n', result.Output) + string.Join('\n', result.Error));
        }
    }
}
