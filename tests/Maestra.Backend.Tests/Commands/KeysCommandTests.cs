using System.CommandLine;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Commands;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Commands;

public sealed class KeysCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Combine("keys");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task New_PrintsAKeyOnceThatTheFileKnowsByItsDigest()
    {
        var (code, output, error) = await RunAsync("new --user ada");

        var key = output.Trim();
        Assert.Equal(0, code);
        Assert.Matches("^mk_[A-Za-z0-9_-]{43}$", key);
        Assert.Equal("ada", new KeyRing([.. Read().Keys.Select(line => line.Entry)]).FindOwner(key)?.User?.ToString());
        Assert.DoesNotContain(key, await System.IO.File.ReadAllTextAsync(File) + error, StringComparison.Ordinal);
        Assert.Contains(Read().Keys[0].Id, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_TellsIdTimeAndUser()
    {
        await RunAsync("new --user ada");
        await RunAsync("new --user *");

        var (code, output, _) = await RunAsync("list");

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, code);
        Assert.Equal($"{Read().Keys[0].Id}  2026-01-05T09:30:00.000000Z  ada", lines[0]);
        Assert.EndsWith("  *", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoke_TakesThatKeyOnly()
    {
        await RunAsync("new --user ada");
        await RunAsync("new --user bob");

        var (code, output, error) = await RunAsync($"revoke {Read().Keys[0].Id[..6]}");

        Assert.Equal((0, "", "bob"), (code, output, Assert.Single(Read().Keys).User));
        Assert.Contains("of user ada is withdrawn; 1 left", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_ReplacesTheKeyForTheSameUser()
    {
        var (_, old, _) = await RunAsync("new --user ada");

        var (code, output, _) = await RunAsync($"rotate {Read().Keys[0].Id}");

        var ring = new KeyRing([.. Read().Keys.Select(line => line.Entry)]);
        Assert.Equal((0, 1), (code, ring.Count));
        Assert.Equal("ada", ring.FindOwner(output.Trim())?.User?.ToString());
        Assert.Null(ring.FindOwner(old.Trim()));
    }

    /// <summary>Two lines of one key have one id.</summary>
    [Fact]
    public async Task SeveralLinesOfOneKey_AreToldApartByTheirUserAndGoTogetherWhereItIsOne()
    {
        var (_, key, _) = await RunAsync("new --user ada");
        var digest = Convert.ToHexStringLower(KeyRing.Digest(key.Trim()));
        await System.IO.File.AppendAllTextAsync(File, $"bob:{digest}\nada:{digest}\n");
        await RunAsync("new --user eve");

        var (refused, _, why) = await RunAsync($"revoke {digest[..12]}");
        var (unknown, _, whose) = await RunAsync($"rotate {digest[..12]} --user eve");
        Assert.Equal((ExitCode.BadSettings, ExitCode.BadSettings, 4), (refused, unknown, Read().Keys.Count));
        var (revoked, _, told) = await RunAsync($"revoke {digest[..12]} --user ada");
        var (rotated, output, _) = await RunAsync($"rotate {digest[..12]}");

        Assert.Contains("several users", why, StringComparison.Ordinal);
        Assert.Contains(": ada, bob; name one with --user", why, StringComparison.Ordinal);
        Assert.Contains("is no key of user eve", whose, StringComparison.Ordinal);
        Assert.Equal((0, 0), (revoked, rotated));
        Assert.Contains("of user ada is withdrawn; 2 left", told, StringComparison.Ordinal);
        Assert.Equal(["eve", "bob"], Read().Keys.Select(line => line.User));
        Assert.Equal("bob", new KeyRing([.. Read().Keys.Select(line => line.Entry)]).FindOwner(output.Trim())?.User?.ToString());
    }

    [Theory]
    [InlineData("revoke abcdef", "has no key 'abcdef'")]
    [InlineData("revoke a", "at least 4 digits")]
    [InlineData("rotate abcdef", "has no key 'abcdef'")]
    public async Task UnknownId_ChangesNothingAndSaysSo(string arguments, string expected)
    {
        await RunAsync("new --user ada");
        var before = await System.IO.File.ReadAllTextAsync(File);

        var (code, output, error) = await RunAsync(arguments);

        Assert.Equal((ExitCode.BadSettings, ""), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Equal(before, await System.IO.File.ReadAllTextAsync(File));
    }

    [Fact]
    public async Task FileWithAMistake_IsNotTouched()
    {
        await System.IO.File.WriteAllTextAsync(File, "ada:mk_a-key-and-not-its-digest\n");

        var (code, output, error) = await RunAsync("new --user ada");

        Assert.Equal((ExitCode.BadSettings, ""), (code, output));
        Assert.Contains("line 1: expected user:sha256", error, StringComparison.Ordinal);
        Assert.DoesNotContain("mk_", error, StringComparison.Ordinal);
        Assert.Equal("ada:mk_a-key-and-not-its-digest\n", await System.IO.File.ReadAllTextAsync(File));
    }

    /// <summary>Finding 32: a wrong path must not look like an empty file.</summary>
    [Fact]
    public async Task List_FileThatIsNotThere_SaysSo()
    {
        var (code, output, error) = await RunAsync("list", _folder.Combine("nowhere"));

        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains($"there is no keys file {_folder.Combine("nowhere")}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAFile_SaysWhichSettingIsMissing()
    {
        var (code, _, error) = await RunAsync("list", withFile: false);

        Assert.Equal(ExitCode.BadSettings, code);
        Assert.Contains(SettingNames.ApiKeysFile, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("new --user ada --file ~/keys", null)]
    [InlineData("new --user ada", "~/keys")]
    public async Task PathBelowHome_IsTheFileThatTheServiceReads(string arguments, string? setting)
    {
        var (code, _, error) = await RunAsync(arguments, setting ?? "");

        Assert.True(code == 0, error);
        Assert.Single(Read().Keys);
    }

    [Fact]
    public async Task BrokenConfigurationFile_IsNamed()
    {
        Directory.CreateDirectory(_folder.Combine(".maestra"));
        await System.IO.File.WriteAllTextAsync(_folder.Combine(".maestra", "config.json"), "{");

        var (_, _, error) = await RunAsync("list", withFile: false);

        Assert.Contains("not JSON", error, StringComparison.Ordinal);
    }

    private KeyFileContent Read() => KeyFileText.Parse(System.IO.File.ReadAllText(File));

    private Task<(int Code, string Output, string Error)> RunAsync(string arguments, bool withFile = true) => RunAsync(arguments, withFile ? File : "");

    private async Task<(int Code, string Output, string Error)> RunAsync(string arguments, string file)
    {
        var environment = new Dictionary<string, string> { ["HOME"] = _folder.Path, [SettingNames.ApiKeysFile] = file };
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var command = KeysCommand.Build(_ => SettingSources.Load(new Dictionary<string, string>(), environment), error, new ManualTimeProvider());
        var code = await command.Parse(arguments.Split(' ')).InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return (code, output.ToString(), error.ToString());
    }
}
