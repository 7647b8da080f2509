using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;

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

    /// <summary>Findings 31 and 33: the help that is named is that of the command, and an unknown word is none the less a mistake beside it.</summary>
    [Theory]
    [InlineData("keys", "keys needs one of: ", "Run maestra-backend keys --help")]
    [InlineData("audit", "audit needs one of: verify.", "Run maestra-backend audit --help")]
    [InlineData("store verify --repar", "--repar", "Run maestra-backend store verify --help")]
    [InlineData("foo --help", "'foo'", "Run maestra-backend --help")]
    [InlineData("peers ofer --help", "'ofer'", "Run maestra-backend peers --help")]
    public async Task Run_CommandThatIsIncompleteOrUnknown_Is2AndNamesItsOwnHelp(string arguments, string what, string help)
    {
        var (code, error) = await RunAsync(arguments);

        Assert.Equal(ExitCode.BadSettings, code);
        Assert.Contains(what, error, StringComparison.Ordinal);
        Assert.Contains(help, error, StringComparison.Ordinal);
    }

    /// <summary>Finding 30: a signal within a start ends it in order.</summary>
    [Fact]
    public async Task Start_StoppedWithinIt_LeavesNothingOpen()
    {
        using var stop = new CancellationTokenSource();
        var time = new ManualTimeProvider();
        await using var log = new StringWriter();
        var environment = new Dictionary<string, string> { ["HOME"] = _home.Path, ["MAESTRA_PORT"] = "0" };
        var settings = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(new Dictionary<string, string>(), environment))).Settings;
        var parts = new BackendParts
        {
            Time = time,
            Heartbeats = time,
            Ids = new IdSource(time),
            WriteLog = log.WriteLine,
            OpenStore = (options, logger) =>
            {
                stop.Cancel();
                return StoreOpener.OpenLog(options, time, new IdSource(time), logger);
            },
        };

        Assert.IsType<StartOutcome.Stopped>(await BackendServer.StartAsync(settings, parts, stop.Token));

        // Store, audit and metrics file are free: another start takes them all.
        var again = Assert.IsType<StartOutcome.Running>(await BackendServer.StartAsync(
            settings, parts with { OpenStore = (options, logger) => StoreOpener.OpenLog(options, time, new IdSource(time), logger) }, CancellationToken.None));
        await again.Server.DisposeAsync();
    }

    /// <summary>A large log is being read, which heeds nobody.</summary>
    [Fact]
    public async Task Serve_StoppedWhileTheStoreIsBeingRead_EndsQuietlyWith0()
    {
        using var stop = new CancellationTokenSource();
        using var read = new ManualResetEventSlim();
        var reads = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var time = new ManualTimeProvider();
        await using var error = new StringWriter();
        var environment = new Dictionary<string, string> { ["HOME"] = _home.Path, ["MAESTRA_PORT"] = "0" };
        var parts = new BackendParts
        {
            Time = time,
            Heartbeats = time,
            Ids = new IdSource(time),
            WriteLog = error.WriteLine,
            OpenStore = (_, _) =>
            {
                reads.SetResult();
                read.Wait(CancellationToken.None);
                return new StoreOpening.Refused("the test is over");
            },
        };

        var serving = ServeCommand.RunAsync(SettingSources.Load(new Dictionary<string, string>(), environment), error, parts, stop.Token);
        await reads.Task.WaitAsync(TestTimeouts.Signal);
        await stop.CancelAsync();
        await time.WaitForTimersAsync();
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ExitCode.Ended, await serving.WaitAsync(TestTimeouts.Signal));
        Assert.Equal("", error.ToString());
        read.Set();
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
