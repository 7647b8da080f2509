using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Cli;

/// <summary>What a person at a shell sees: the commands beside <c>serve</c>, and what wrong settings come to.</summary>
public sealed class CommandTests : IDisposable
{
    private const int SettingsExitCode = 2;

    private readonly HubHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Version_Always_IsOneLine()
    {
        var run = await RunningProgram.RunAsync(_home.Start(["--version"]));

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+$", Assert.Single(run.Output));
    }

    [Fact]
    public async Task Ask_LocalUp_PrintsTheAnswer()
    {
        await using var local = ScriptedBackend.Start();

        var run = await RunningProgram.RunAsync(_home.Start(["ask", "hello"], ("MAESTRA_LOCAL_URL", local.Url.ToString())));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("local heard: hello", run.OutputText, StringComparison.Ordinal);
        Assert.Contains("answered by local", run.OutputText, StringComparison.Ordinal);
        Assert.Equal("cli", Assert.Single(local.Asks.Snapshot()).Json.String("surface_id"));
    }

    [Fact]
    public async Task Ask_NobodyUp_FailsOnStandardErrorOnly()
    {
        await using var local = ScriptedBackend.Start();
        await local.Proxy.RefuseAsync();

        var run = await RunningProgram.RunAsync(_home.Start(["ask", "hello"], ("MAESTRA_LOCAL_URL", local.Url.ToString())));

        Assert.NotEqual(0, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("local refused the connection", run.ErrorText, StringComparison.Ordinal);
    }

    /// <summary>A program that cannot say why it failed ends with the code of that failure, and not as a crash.</summary>
    [Theory]
    [InlineData("2>/dev/full", 1, "ask", "hello")]
    [InlineData("2>&-", 1, "ask", "hello")]
    [InlineData("2>/dev/full >/dev/full", 1, "health")]
    [InlineData("2>/dev/full", SettingsExitCode, "ask", "hello", "--route", "sideways")]
    [InlineData("2>&-", SettingsExitCode, "ask", "hello", "--loudly")]
    public async Task AnyCommand_StandardErrorTakesNothing_EndsWithItsCode(string redirection, int code, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
            return; // There is no /dev/full.
        await using var local = ScriptedBackend.Start();
        await local.Proxy.RefuseAsync();
        var start = new ProgramStart("/bin/bash", _home.Path, ["-c", $"exec \"$0\" \"$@\" {redirection}", BuiltPrograms.Hub, .. arguments]);

        var run = await RunningProgram.RunAsync(start.With("MAESTRA_LOCAL_URL", local.Url.ToString()));

        Assert.Equal(code, run.ExitCode);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task AnyCommand_WhateverTheLocalesCharset_WritesUtf8ToBothStreams()
    {
        const string Text = "Gr\u00f6\u00dfe \u4f60\u597d";
        await using var local = ScriptedBackend.Start();
        (string, string) locale = ("LC_ALL", "en_US.US-ASCII");

        var answered = await RunningProgram.RunAsync(_home.Start(["ask", Text], ("MAESTRA_LOCAL_URL", local.Url.ToString()), locale));
        var refused = await RunningProgram.RunAsync(_home.Start(["ask", "hello"], ("MAESTRA_ROUTE", Text), locale));

        Assert.Contains($"local heard: {Text}", answered.OutputText, StringComparison.Ordinal);
        Assert.Contains(Text, refused.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_LocalUpCloudDown_NamesBoth()
    {
        await using var local = ScriptedBackend.Start();
        await using var cloud = ScriptedBackend.Start("cloud");
        await cloud.Proxy.RefuseAsync();

        var run = await RunningProgram.RunAsync(_home.Start(
            ["health"], ("MAESTRA_LOCAL_URL", local.Url.ToString()), ("MAESTRA_CLOUD_URL", cloud.Url.ToString())));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Active: local", run.OutputText, StringComparison.Ordinal);
        Assert.Contains("unreachable", run.OutputText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("ask", "hello")]
    [InlineData("health")]
    public async Task AnyCommand_SeveralBadSettings_ListsAllOnStandardErrorAndEndsWithTwo(params string[] arguments)
    {
        var run = await RunningProgram.RunAsync(_home.Start(
            arguments,
            ("MAESTRA_LOCAL_URL", "ftp://nowhere"),
            ("MAESTRA_CLOUD_URL", "http://plain.example.com"),
            ("MAESTRA_FALLBACK_ENABLED", "perhaps"),
            ("MAESTRA_ROUTE", "sideways"),
            ("MAESTRA_TIMEOUT_SECONDS", "7000"),
            ("LOG_LEVEL", "LOUD"),
            ("MAESTRA_API_KEY", "a key with blanks")));

        Assert.Equal(SettingsExitCode, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.All(
            ["MAESTRA_LOCAL_URL", "MAESTRA_CLOUD_URL", "MAESTRA_FALLBACK_ENABLED", "MAESTRA_ROUTE", "MAESTRA_TIMEOUT_SECONDS", "LOG_LEVEL", "MAESTRA_API_KEY"],
            name => Assert.Contains(name, run.ErrorText, StringComparison.Ordinal));
        Assert.Contains("perhaps", run.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("a key with blanks", run.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_UnknownOption_EndsWithTwoAndSaysWhich()
    {
        var run = await RunningProgram.RunAsync(_home.Start(["serve", "--loudly"]));

        Assert.Equal(SettingsExitCode, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("--loudly", run.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ConfigurationFile_IsReadAndTheEnvironmentWins()
    {
        await using var local = ScriptedBackend.Start();
        Directory.CreateDirectory(Path.Combine(_home.Path, ".maestra"));
        await File.WriteAllTextAsync(
            Path.Combine(_home.Path, ".maestra", "config.json"),
            new JsonObject { ["MAESTRA_LOCAL_URL"] = local.Url.ToString(), ["MAESTRA_USER_ID"] = "from-file" }.ToJsonString());

        var run = await RunningProgram.RunAsync(_home.Start(["ask", "hello"], ("MAESTRA_USER_ID", "from-environment")));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("from-environment", Assert.Single(local.Asks.Snapshot()).Json.String("user_id"));
    }
}
