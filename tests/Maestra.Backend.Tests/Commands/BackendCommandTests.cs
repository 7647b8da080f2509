using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;

namespace Maestra.Backend.Tests.Commands;

public sealed class BackendCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("serve --mode")]
    [InlineData("dance")]
    public async Task Run_BadArguments_Is2AndSaysWhich(string arguments)
    {
        var (code, error) = await RunAsync(arguments);

        Assert.Equal(ExitCode.BadSettings, code);
        Assert.Contains("--help", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--mode cloud")]
    [InlineData("serve --mode cloud --port 0")]
    public async Task Run_CloudWithoutKey_Is2_T60(string arguments)
    {
        var (code, error) = await RunAsync(arguments);

        Assert.Equal(ExitCode.BadSettings, code);
        Assert.Contains("MAESTRA_API_KEY", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralBadSettings_ListsAll()
    {
        var (code, error) = await RunAsync("--mode both --port many");

        Assert.Equal(ExitCode.BadSettings, code);
        Assert.Contains("MAESTRA_MODE (command line): 'both'", error, StringComparison.Ordinal);
        Assert.Contains("MAESTRA_PORT (command line): 'many'", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StoreRefused_Is4_T30()
    {
        var (code, error) = await RunAsync("serve --port 0");

        Assert.Equal(ExitCode.StoreUnusable, code);
        Assert.Contains("locked by process 7", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StateRootUnusable_Is4()
    {
        File.WriteAllText(_home.Combine("file"), "");

        var (code, error) = await RunAsync("serve --port 0", ("MAESTRA_STATE_ROOT", _home.Combine("file", "state")));

        Assert.Equal(ExitCode.StoreUnusable, code);
        Assert.Contains("identity.pem", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Error)> RunAsync(string arguments, params (string Name, string Value)[] settings)
    {
        var environment = settings.ToDictionary(setting => setting.Name, setting => setting.Value);
        environment["HOME"] = _home.Path;
        var time = new ManualTimeProvider();
        await using var error = new StringWriter();
        var parts = new BackendParts
        {
            Time = time,
            Heartbeats = time,
            Ids = new IdSource(time),
            WriteLog = error.WriteLine,
            OpenStore = (_, _) => new StoreOpening.Refused("locked by process 7"),
        };
        var code = await BackendCommand.RunAsync(arguments.Split(' '), environment, error, parts);
        return (code, error.ToString());
    }
}
