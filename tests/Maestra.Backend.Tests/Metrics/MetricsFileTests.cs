using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Maestra.Backend.Files;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Metrics;

/// <summary><c>maestra_metrics.jsonl</c> (wire.md §11).</summary>
public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CapturingLogger _logger = new();
    private readonly string _path;

    public MetricsFileTests() => _path = _folder.Combine("state", "maestra_metrics.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ask_WritesOneLineWithElevenFieldsAndAPseudonym_T49()
    {
        var backend = await TestBackend.StartLocalAsync(("MAESTRA_METRICS_FILE", _path));
        await using (backend)
        {
            await backend.AskAsync(TestBackend.Question(conversation: "main"), headers: [("X-Request-ID", "r-1")]);
            await backend.AskAsync("{}", headers: [("X-Request-ID", "r-2")]);
            await backend.AskAsync("""{"question":"And why?"}""", Routes.Advisor, headers: [("X-Request-ID", "r-3"), ("Accept", "text/event-stream")]);
        }

        var lines = await File.ReadAllLinesAsync(_path);
        var pseudonym = (string)JsonNode.Parse(lines[0])!["user_id"]!;
        Assert.Matches("^u_[0-9a-f]{16}$", pseudonym);
        Assert.Equal(
            $$"""{"timestamp":"2026-01-05T09:30:00.000000Z","request_id":"r-1","surface_id":"windsurf","user_id":"{{pseudonym}}","conversation_id":"main","mode":"advisor","latency_ms":0,"status_code":200,"tokens":3,"cost_usd":0.5,"error":null}""",
            lines[0]);
        Assert.Equal(
            """{"timestamp":"2026-01-05T09:30:00.000000Z","request_id":"r-2","surface_id":null,"user_id":null,"conversation_id":null,"mode":null,"latency_ms":0,"status_code":422,"tokens":0,"cost_usd":0,"error":"invalid_request"}""",
            lines[1]);
        Assert.Equal(("r-3", "default", 200), ((string?)JsonNode.Parse(lines[2])!["request_id"], (string?)JsonNode.Parse(lines[2])!["conversation_id"], (int)JsonNode.Parse(lines[2])!["status_code"]!));
        Assert.Equal(3, lines.Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
    }

    [Fact]
    public async Task Erase_Conversation_TakesItsLinesFromEveryFile_T48()
    {
        await using var file = Open();
        WriteDirect(RotatingFile.Numbered(_path, 1), Report("r-0", "u_1", "main"), Report("r-1", "u_1", "other"));
        file.Write(Report("r-2", "u_1", "main"));
        file.Write(Report("r-3", "u_2", "main"));
        file.Write(Report("r-4", "u_1", "other"));

        Assert.Null(await file.EraseAsync([new ErasedLines(["u_1"], ["main"])]));
        Assert.Equal(["r-1", "r-3", "r-4"], Requests());
        Assert.Null(await file.EraseAsync([new ErasedLines(null, ["main"])]));
        Assert.Equal(["r-1", "r-4"], Requests());
        file.Write(Report("r-5", "u_1", "main"));
        Assert.Null(await file.EraseAsync([new ErasedLines(null, ["nothing"])]));
        Assert.Equal(["r-1", "r-4", "r-5"], Requests());
    }

    /// <summary>Each key gives a user another pseudonym.</summary>
    [Fact]
    public async Task Erase_UserOfABackendWhoseKeyWasChangedTwice_TakesTheLinesUnderEveryName_T48()
    {
        for (var key = 0; key < 3; key++)
        {
            if (key > 0)
                Assert.IsType<IdentityOutcome.Loaded>(await new IdentityStore(new IdentityFile(_folder.Combine("state")), BackendMode.Local, TimeProvider.System).RotateAsync(CancellationToken.None));
            await using var backend = await StartAsync();
            await backend.AskAsync(TestBackend.Question(conversation: "main", user: "ada"), headers: [("X-Request-ID", $"ada-{key}")]);
            await backend.AskAsync(TestBackend.Question(conversation: "hers", user: "bea"), headers: [("X-Request-ID", $"bea-{key}")]);
        }

        Assert.Equal(3, File.ReadAllLines(_path).Where(line => line.Contains("ada-", StringComparison.Ordinal)).Select(line => (string?)JsonNode.Parse(line)!["user_id"]).Distinct().Count());
        await using (var backend = await StartAsync())
            Assert.Equal(200, (int)(await backend.DeleteAsync("/users/ada")).Status);

        Assert.Equal(["bea-0", "bea-1", "bea-2"], Requests());

        Task<TestBackend> StartAsync() => TestBackend.StartLocalOverStoreAsync(
            ("MAESTRA_METRICS_FILE", _path), (SettingNames.StateRoot, _folder.Combine("state")),
            (SettingNames.ConversationRoot, _folder.Combine("conversations")), (SettingNames.PrivateKey, ""));
    }

    [Fact]
    public async Task Erase_User_TakesAllTheirLines_T48()
    {
        await using var file = Open();
        file.Write(Report("r-1", "u_1", "main"));
        file.Write(Report("r-2", "u_2", "main"));
        file.Write(Report("r-3", null, null));

        Assert.Null(await file.EraseAsync([new ErasedLines(["u_1"], null)]));

        Assert.Equal(["r-2", "r-3"], Requests());
    }

    /// <summary>A folder stands where the new file would be written: as root no permission refuses anything.</summary>
    [Fact]
    public async Task Erase_FileCannotBeRewritten_IsOwedAcrossARestart_T48()
    {
        var obstacle = _path + ".tmp";
        await using (var file = Open())
        {
            Directory.CreateDirectory(obstacle);
            file.Write(Report("r-1", "u_1", "main"));
            file.Write(Report("r-2", "u_2", "main"));
            file.Write(Report("r-3", "u_2", "other"));
            Assert.NotNull(await file.EraseAsync([new ErasedLines(["u_0", "u_1"], null)]));
            Assert.NotNull(await file.EraseAsync([new ErasedLines(null, ["other"])]));
            Assert.Equal(["r-1", "r-2", "r-3"], Requests());
        }

        Directory.Delete(obstacle);
        await using (var file = Open())
            Assert.Null(await file.EraseAsync([new ErasedLines(["u_9"], null)]));

        Assert.Equal(["r-2"], Requests());
        Assert.False(File.Exists(_path + OwedErasures.Extension));
    }

    [Theory]
    [InlineData("""{"request_id":"r-x","user_id":"\ud800","conversation_id":"main"}""")]
    [InlineData("""{"request_id":"r-x","user_id":7}""")]
    [InlineData("""["u_1"]""")]
    [InlineData("no JSON")]
    public async Task Erase_SomebodyElsesLineStandsThere_LeavesItAndGoesOn(string strange)
    {
        WriteDirect(_path, Report("r-1", "u_1", "main"));
        await File.AppendAllTextAsync(_path, strange + "\n");
        await using var file = Open();

        Assert.Null(await file.EraseAsync([new ErasedLines(["u_1"], null)]));

        Assert.Equal([strange], await File.ReadAllLinesAsync(_path));
    }

    [Fact]
    public async Task Open_AfterAKillInTheMiddleOfALine_NextLineStartsOnANewLine()
    {
        WriteDirect(_path, Report("r-1", "u_1", "main"));
        await File.AppendAllTextAsync(_path, """{"timestamp":"2026-01""");

        await using (var file = Open())
            file.Write(Report("r-2", "u_1", "main"));

        Assert.Equal(["r-1", "r-2"], Requests());
    }

    [Fact]
    public async Task Write_DiskIsFull_DropsAndCountsAndGoesOnOnANewLine()
    {
        var isFull = false;
        await using (var file = Open(path => new FillableStream(path, () => isFull)))
        {
            file.Write(Report("r-1", "u_1", "main"));
            await file.EraseAsync([new ErasedLines(["u_0"], null)]);
            isFull = true;
            file.Write(Report("r-2", "u_1", "main"));
            await file.EraseAsync([new ErasedLines(["u_0"], null)]);
            isFull = false;
            file.Write(Report("r-3", "u_1", "main"));
            await file.EraseAsync([new ErasedLines(["u_0"], null)]);
            Assert.Equal(1, file.Dropped);
        }

        Assert.Equal(["r-1", "r-3"], Requests());
        Assert.Equal([1102, 1103], _logger.Records.Snapshot().Select(record => record.Event.Id));
    }

    [Fact]
    public void Append_FileIsLarge_RotatesAndForgetsTheOldest()
    {
        using (var file = RotatingFile.Open(_path, maxBytes: 10, maxFiles: 3))
        {
            foreach (var line in (string[])["1111\n", "2222\n", "3333\n", "4444\n", "5555\n", "6666\n", "7777\n"])
                file.Append(System.Text.Encoding.ASCII.GetBytes(line), toDisk: false);
        }

        Assert.Equal(["3333\n4444\n", "5555\n6666\n", "7777\n"], RotatingFile.Existing(_path, 8).Select(File.ReadAllText));
    }

    [Fact]
    public void Append_DiskWasFullBeforeARotation_LeavesWholeLinesBehind()
    {
        var isFull = false;
        using (var file = RotatingFile.Open(_path, maxBytes: 10, maxFiles: 3, path => new FillableStream(path, () => isFull)))
        {
            file.Append("1111\n"u8, toDisk: false);
            isFull = true;
            Assert.Throws<IOException>(() => file.Append("2222\n"u8, toDisk: false));
            isFull = false;
            file.Append("333333\n"u8, toDisk: false);
        }

        Assert.Equal(["1111\n", "333333\n"], RotatingFile.Existing(_path, 8).Select(File.ReadAllText));
    }

    [Fact]
    public async Task TryOpen_AnotherWritesIt_SaysSo()
    {
        await using var first = Open();

        Assert.Null(MetricsFile.TryOpen(_path, new ManualTimeProvider(), _logger, out var refused));
        Assert.Contains("another process", refused, StringComparison.Ordinal);
    }

    private static AskReport Report(string request, string? user, string? conversation) => new()
    {
        Timestamp = new ManualTimeProvider().GetUtcNow(),
        RequestId = RequestId.Parse(request),
        SurfaceId = "test",
        UserPseudonym = user,
        ConversationId = conversation,
        Mode = "advisor",
        LatencyMs = 1,
        StatusCode = 200,
        Tokens = 0,
        CostUsd = 0,
        Error = null,
    };

    private MetricsFile Open(Func<string, FileStream>? open = null) =>
        MetricsFile.TryOpen(_path, TimeProvider.System, _logger, out var refused, open) ?? throw new InvalidOperationException(refused);

    private void WriteDirect(string path, params AskReport[] reports)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, [.. reports.SelectMany(report => report.ToLine())]);
    }

    private IEnumerable<string?> Requests() =>
        RotatingFile.Existing(_path, MetricsFile.MaxFiles).SelectMany(File.ReadAllLines).Select(line => (string?)JsonNode.Parse(line)!["request_id"]);

    /// <summary>A disk that takes half of a write and then has no room.</summary>
    private sealed class FillableStream(string path, Func<bool> isFull)
        : FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!isFull())
            {
                base.Write(buffer);
                return;
            }

            base.Write(buffer[..(buffer.Length / 2)]);
            throw new IOException("No space left on device");
        }
    }
}
