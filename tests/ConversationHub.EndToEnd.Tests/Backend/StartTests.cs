using System.Globalization;
using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Backend;

/// <summary>Starts that must fail, with the exit codes of wire.md §13, and requests that must be refused.</summary>
public sealed class StartTests : IDisposable
{
    private const string Key = "mk_0123456789abcdefghijkl";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_CloudWithoutAKey_EndsWithTwo()
    {
        var run = await RunningProgram.RunAsync(BackendProcess.Describe("cloud", _folder.Path, FreePort.Find()));

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("MAESTRA_API_KEY", run.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SeveralBadSettings_ListsAllAndEndsWithTwo()
    {
        var run = await RunningProgram.RunAsync(BackendProcess.Describe(
            "cloud", _folder.Path, FreePort.Find(),
            ("MAESTRA_API_KEY", "short"), ("CORS_ORIGINS", "*"), ("TEST_MODE", "perhaps"), ("LLM_PROVIDER", "oracle"), ("LOG_LEVEL", "LOUD")));

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.All(
            ["MAESTRA_API_KEY", "CORS_ORIGINS", "TEST_MODE", "LLM_PROVIDER", "LOG_LEVEL"],
            name => Assert.Contains(name, run.ErrorText, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_PortTaken_EndsWithThree()
    {
        await using var other = ChaosProxy.Start();

        var run = await RunningProgram.RunAsync(BackendProcess.Describe("local", _folder.Path, other.Port));

        Assert.Equal(3, run.ExitCode);
        Assert.Contains(other.Port.ToString(CultureInfo.InvariantCulture), run.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_StoreInUse_EndsWithFour()
    {
        await using var first = await BackendProcess.StartAsync("local", _folder.Path);

        var run = await RunningProgram.RunAsync(BackendProcess.Describe("local", _folder.Path, FreePort.Find()));

        Assert.Equal(4, run.ExitCode);
    }

    [Fact]
    public async Task Stop_Terminated_EndsWithZeroAndSaysNothingOnStandardOutput()
    {
        await using var backend = await BackendProcess.StartAsync("local", _folder.Path);

        Assert.Equal(0, await backend.StopAsync());
        Assert.Empty(backend.Program.Output.Snapshot());
    }

    [Theory]
    [InlineData("not json", "application/json", HttpStatusCode.UnprocessableEntity)]
    [InlineData("""{"user_id":"ada","surface_id":"test","message":""}""", "application/json", HttpStatusCode.UnprocessableEntity)]
    [InlineData("""{"user_id":"ada","surface_id":"test","message":"x","conversation_id":"../x"}""", "application/json", HttpStatusCode.UnprocessableEntity)]
    [InlineData("""{"user_id":"ada","surface_id":"test","message":"x"}""", "text/plain", HttpStatusCode.UnsupportedMediaType)]
    public async Task Ask_BadBody_IsRefusedWithAProblemCode(string body, string mediaType, HttpStatusCode expected)
    {
        await using var backend = await BackendProcess.StartAsync("local", _folder.Path);
        using var caller = new BackendCaller(backend.Url);

        var (status, problem) = await caller.SendAsync(HttpMethod.Post, "/api/maestra/core", body, mediaType);

        Assert.Equal(expected, status);
        Assert.False(string.IsNullOrEmpty(problem.String("code")));
        Assert.NotNull(problem["detail"]);
    }

    [Fact]
    public async Task Ask_CloudWithoutTheKey_IsRefusedWhateverTheBody()
    {
        await using var backend = await BackendProcess.StartAsync("cloud", _folder.Path, settings: ("MAESTRA_API_KEY", Key));
        using var stranger = new BackendCaller(backend.Url);
        using var owner = new BackendCaller(backend.Url, Key);

        var refused = await stranger.SendAsync(HttpMethod.Post, "/api/maestra/core", "not json");
        var allowed = await owner.AskAsync(BackendCaller.Question("hello", "main"));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (refused.Status, refused.Body.String("code")));
        Assert.Equal((HttpStatusCode.OK, "cloud"), (allowed.Status, allowed.Body.String("source")));
    }
}
