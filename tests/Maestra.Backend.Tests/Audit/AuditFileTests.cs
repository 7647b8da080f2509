using System.CommandLine;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using Maestra.Backend.Audit;
using Maestra.Backend.Commands;
using Maestra.Backend.Files;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Audit;

/// <summary>The chain in <c>audit.log</c> over restarts, kills and rotations.</summary>
public sealed class AuditFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CapturingLogger _logger = new();
    private string _verified = "";

    private string LogPath => _folder.Combine("state", "audit.log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_AfterAnotherRun_GoesOnWithItsChain()
    {
        await RunAsync(3);
        await RunAsync(2);

        var records = File.ReadAllLines(LogPath).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal([1, 2, 3, 1, 2], records.Select(record => (int)record["seq"]!));
        Assert.Equal((string?)records[2]["hash"], (string?)records[3]["prev"]);
        Assert.NotEqual((string?)records[2]["chain"], (string?)records[3]["chain"]);
        Assert.Equal((5, 2, null), Verify());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LogPath));
    }

    [Fact]
    public async Task Open_AfterAKillInTheMiddleOfARecord_CutsItAndSaysSo()
    {
        await RunAsync(2);
        await File.AppendAllTextAsync(LogPath, """{"chain":"half""");

        await RunAsync(1);

        Assert.Equal((3, 2, null), Verify());
        Assert.Equal([1101], _logger.Records.Snapshot().Select(record => record.Event.Id));
    }

    [Fact]
    public async Task Rotation_ChainGoesOnFromFileToFile()
    {
        var last = AuditRecord.NoHash;
        Directory.CreateDirectory(_folder.Combine("state"));
        using (var file = RotatingFile.Open(LogPath, maxBytes: 1000, FileSink.MaxFiles))
        {
            for (var seq = 1; seq <= 9; seq++)
            {
                var record = AuditRecord.Make("c", seq, default, new AuditEvent("startup", "ok", "system", "s"), last);
                last = record.Hash;
                file.Append(AuditLines.Of([record]), toDisk: true);
            }
        }

        await RunAsync(1);

        Assert.InRange(RotatingFile.Existing(LogPath, FileSink.MaxFiles).Count, 3, FileSink.MaxFiles);
        Assert.Equal((10, 2, null), Verify());
    }

    /// <summary>Finding 21 a: each state that a kill within a rotation leaves is sound, and costs no file but the oldest.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Rotation_KilledAfterSomeMoves_IsSoundAndGoesOn(int moves)
    {
        var last = Fill(1, 10, AuditRecord.NoHash);
        for (var number = FileSink.MaxFiles - 2; number > FileSink.MaxFiles - 2 - moves; number--)
            File.Move(RotatingFile.Numbered(LogPath, number), RotatingFile.Numbered(LogPath, number + 1), overwrite: true);
        Assert.Equal(0, await VerifyByCommandAsync());
        var before = RotatingFile.Existing(LogPath, FileSink.MaxFiles).Count;

        Fill(11, 11, last);

        Assert.Equal(0, await VerifyByCommandAsync());
        Assert.Equal(FileSink.MaxFiles, RotatingFile.Existing(LogPath, FileSink.MaxFiles).Count);
        Assert.Equal(moves == 0 ? FileSink.MaxFiles : FileSink.MaxFiles - 1, before);
    }

    /// <summary>Files that were rotated are held by the chain as the newest is (T52).</summary>
    [Theory]
    [InlineData("edit", "audit.log.2 line 1: its content does not have its hash")]
    [InlineData("edit and cut the line end", "audit.log.2 line 1: it is incomplete")]
    [InlineData("cut the line end", "audit.log.2 line 1: it is incomplete")]
    [InlineData("empty", "audit.log.1 line 1: it does not follow")]
    [InlineData("remove", "audit.log.1 line 1: it does not follow")]
    [InlineData("swap", "audit.log.2 line 1: it does not follow")]
    [InlineData("remove the oldest", "audit.log.3 line 1: it does not follow")]
    public async Task Verify_OfARotatedFile_NamesWhatWasDoneToIt_T52(string what, string told)
    {
        Fill(1, 5, AuditRecord.NoHash);
        var file = RotatingFile.Numbered(LogPath, 2);
        var text = File.ReadAllText(file);
        switch (what)
        {
            case "edit":
                File.WriteAllText(file, text.Replace("\"ok\"", "\"no\"", StringComparison.Ordinal));
                break;
            case "edit and cut the line end":
                File.WriteAllText(file, text.Replace("\"ok\"", "\"no\"", StringComparison.Ordinal).TrimEnd());
                break;
            case "cut the line end":
                File.WriteAllText(file, text.TrimEnd());
                break;
            case "empty":
                File.WriteAllText(file, "");
                break;
            case "remove":
                File.Delete(file);
                break;
            case "swap":
                File.Move(RotatingFile.Numbered(LogPath, 1), file, overwrite: true);
                File.WriteAllText(RotatingFile.Numbered(LogPath, 1), text);
                break;
            default:
                File.Delete(RotatingFile.Numbered(LogPath, 4));
                break;
        }

        Assert.Equal(4, await VerifyByCommandAsync());
        Assert.Contains($"broken: {told}", _verified, StringComparison.Ordinal);
    }

    /// <summary>A record a file.</summary>
    private string Fill(int from, int to, string last)
    {
        Directory.CreateDirectory(_folder.Combine("state"));
        using var file = RotatingFile.Open(LogPath, maxBytes: 10, FileSink.MaxFiles);
        for (var seq = from; seq <= to; seq++)
        {
            var record = AuditRecord.Make("c", seq, default, new AuditEvent("startup", "ok", "system", "s"), last);
            last = record.Hash;
            file.Append(AuditLines.Of([record]), toDisk: true);
        }

        return last;
    }

    private async Task<int> VerifyByCommandAsync()
    {
        await using var output = new StringWriter();
        var command = AuditCommand.Build(_ => SettingSources.Load(new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = _folder.Path }), output);
        var code = await command.Parse(["verify", "--file", LogPath]).InvokeAsync(new InvocationConfiguration { Output = output, Error = output });
        _verified = output.ToString();
        return code;
    }

    [Fact]
    public async Task Backend_StartsAndStops_IsAccountedFor()
    {
        await using (var backend = await TestBackend.StartLocalAsync(("MAESTRA_STATE_ROOT", _folder.Combine("state"))))
            await backend.AskAsync(TestBackend.Question());

        var records = File.ReadAllLines(LogPath).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["startup ok system", "shutdown ok system"], records.Select(record => $"{record["event"]} {record["outcome"]} {record["actor"]}"));
        Assert.Equal("""{"mode":"local","version":"2.0.0"}""", records[0]["details"]!.ToJsonString());
        Assert.DoesNotContain("parser", File.ReadAllText(LogPath), StringComparison.Ordinal);
    }

    private async Task RunAsync(int records)
    {
        using var meter = new BackendMeter();
        var parts = AuditOpener.TryOpen(
            new AuditSettings { File = LogPath }, () => Stream.Null, meter, new IdSource(TimeProvider.System), TimeProvider.System, _logger, out var refused);
        Assert.Null(refused);
        await using (parts!)
        {
            for (var i = 0; i < records; i++)
                parts!.Trail.Record(new AuditEvent(AuditEventName.Startup, AuditOutcome.Ok, AuditEvent.System, "s"));
        }
    }

    private (long Records, int Chains, string? Broken) Verify()
    {
        var lines = RotatingFile.Existing(LogPath, FileSink.MaxFiles)
            .SelectMany(file => File.ReadAllLines(file).Select((line, index) => new AuditLine(Path.GetFileName(file), index + 1, line, true)));
        var verdict = AuditVerifier.Verify(lines, beginsAtStart: true, expected: null);
        return (verdict.Records, verdict.Chains, verdict.Broken);
    }
}
