using System.IO.Pipes;
using System.Text;
using ConversationHub.Mcp.Commands;
using ConversationHub.Mcp.Settings;
using ConversationHub.Testing.Golden;

namespace ConversationHub.Mcp.Tests.Commands;

public sealed class HubCommandLineTests
{
    [Theory]
    [InlineData("--nope")]
    [InlineData("serve", "--route", "cloud-first")]
    [InlineData("--local-url", "http://192.168.1.5")]
    [InlineData("ask")]
    [InlineData("health", "--timeout-seconds", "99")]
    public async Task Run_WhatDoesNotFit_ExitsWith2AndNothingOnStandardOutput(params string[] args)
    {
        var stdout = new MemoryStream();
        Assert.Equal(ExitCodes.BadSettings, await HubCommandLine.RunAsync(args, stdout, NeverServes));
        Assert.Equal(0, stdout.Length);
    }

    [Fact]
    public async Task Run_Help_ReadsAsTheGoldenFile()
    {
        var stdout = new MemoryStream();
        Assert.Equal(ExitCodes.Ended, await HubCommandLine.RunAsync(["--help"], stdout, NeverServes));

        // Under the test host the program has another name.
        var help = Encoding.UTF8.GetString(stdout.ToArray());
        GoldenFile.Assert("tests/ConversationHub.Mcp.Tests/Commands/help.golden.txt", help[help.IndexOf("Options:", StringComparison.Ordinal)..]);
    }

    /// <summary><c>--help | head -1</c> ends without a trace on the terminal.</summary>
    [Fact]
    public async Task Run_HelpForAReaderThatHasGone_EndsQuietly()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        pipe.DisposeLocalCopyOfClientHandle();

        Assert.Equal(ExitCodes.NotAnswered, await HubCommandLine.RunAsync(["--help"], pipe, NeverServes));
    }

    private static Task<int> NeverServes(HubSettings settings) => throw new InvalidOperationException("It must not serve.");
}
