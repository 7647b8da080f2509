using ConversationHub.Testing;
using ConversationHub.Testing.Processes;

namespace ConversationHub.Store.Tests.Maintenance;

public sealed class CrashTests
{
    private const int Rounds = 50;

    /// <summary>The record of 1,000 rounds is in docs/bench; this is the part of it that every build runs.</summary>
    [Fact]
    public async Task Kill_AtRandomPoints_LosesNothingAcknowledgedAndInventsNothing()
    {
        using var home = new TemporaryFolder();
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var harness = RepositoryRoot.Combine("artifacts", "bin", "ConversationHub.Store.CrashHarness", configuration,
            OperatingSystem.IsWindows() ? "store-crash-harness.exe" : "store-crash-harness");
        var seed = Environment.TickCount & int.MaxValue;

        var result = await RunningProgram.RunAsync(new ProgramStart(harness, home.Path, "run", $"{Rounds}", $"{seed}"));

        Assert.True(result.ExitCode == 0, string.Join('\n', result.Output) + string.Join('\n', result.Error));
    }
}
