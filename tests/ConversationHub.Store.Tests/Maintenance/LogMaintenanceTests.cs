using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using ConversationHub.Store.Maintenance;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace ConversationHub.Store.Tests.Maintenance;

public sealed class LogMaintenanceTests(ITestOutputHelper output)
{
    /// <summary>10,000 for the record: MAESTRA_TEST_FLIPS.</summary>
    private const int FlipsInEveryBuild = 400;

    [Fact]
    public async Task Verify_UntouchedStore_IsSound()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));

        var report = At(folder).Verify();

        Assert.Empty(report.Findings);
        Assert.Equal((6, 7), (report.Conversations, report.Files));
    }

    [Fact]
    public async Task Verify_AnyByteOfAnyFileChanged_IsFound()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        var files = Directory.GetFiles(folder.Combine("hub"), "*", SearchOption.AllDirectories)
            .Select(path => (Path: path, Bytes: File.ReadAllBytes(path))).Where(file => file.Bytes.Length > 0).ToArray();
        var total = files.Sum(file => file.Bytes.Length);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var flips = int.Parse(Environment.GetEnvironmentVariable("MAESTRA_TEST_FLIPS") ?? $"{FlipsInEveryBuild}", CultureInfo.InvariantCulture);

        for (var flip = 0; flip < flips; flip++)
        {
            var at = random.Next(total);
            var file = files.First(file => (at -= file.Bytes.Length) < 0);
            var offset = at + file.Bytes.Length;
            var bytes = file.Bytes.ToArray();
            bytes[offset] ^= (byte)random.Next(1, 256);
            await File.WriteAllBytesAsync(file.Path, bytes);

            var report = At(folder).Verify();

            Assert.False(report.IsSound, $"seed {seed}, flip {flip}: {file.Path} offset {offset}: {file.Bytes[offset]} became {bytes[offset]}");
            await File.WriteAllBytesAsync(file.Path, file.Bytes);
        }

        output.WriteLine($"seed {seed}: {flips} flips in {total} bytes of {files.Length} files, all found");
        Assert.True(At(folder).Verify().IsSound);
    }

    [Fact]
    public async Task Verify_PlaceOfTheCheckDamaged_IsFound()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        var path = new LogFolder(folder.Combine("hub")).Scrub;
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace(":1}", ":2}", StringComparison.Ordinal));

        Assert.Contains(At(folder).Verify().Findings, static finding => finding.File == Path.Combine("log", "scrub.json"));
    }

    [Fact]
    public async Task Verify_LineTakenOut_TellsWhichOperationsAreMissing()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        var segment = folder.Combine("hub", "log", "000000000001.jsonl");
        var lines = (await File.ReadAllLinesAsync(segment)).ToList();
        lines.RemoveAt(2);
        await File.WriteAllTextAsync(segment, string.Join('\n', lines) + "\n");

        Assert.Contains(At(folder).Verify().Findings, finding => finding.What.Contains("operations 3 to 3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verify_RunningStore_ReadsItsLog()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("q");

        var report = new LogMaintenance(OpenedStore.Options(store.Root), store.Time, store.Ids, NullLogger.Instance).Verify();

        Assert.True(report.IsRunning);
        Assert.True(report.IsSound, string.Join('\n', report.Findings));
        Assert.Equal(2, report.Operations);
    }

    [Fact]
    public async Task RebuildViews_FilesSpoiltOrGone_AreMadeAnew()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        File.Delete(folder.Combine("hub", "c1.json"));
        await File.WriteAllTextAsync(folder.Combine("hub", "index.json"), "{}");
        Assert.False(At(folder).Verify().IsSound);

        Assert.Null(await At(folder).RebuildViewsAsync());

        Assert.True(At(folder).Verify().IsSound);
    }

    [Fact]
    public async Task CountAll_Store_CountsWhatIsShown()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));

        var stats = Assert.IsType<StoreStats>(At(folder).CountAll().Stats);

        Assert.Equal((6, 12, 1, 1), (stats.Conversations, stats.Messages, stats.Owners, stats.Segments));
        Assert.Equal(15, stats.Operations);
        Assert.Equal(2, stats.ErasedWithText);
        Assert.True(stats.LogBytes > 1000);
    }

    [Fact]
    public async Task TakeNewOrigins_ClosedStore_GoesOnInNewOnesAndARunningOneIsRefused()
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        Assert.Null(At(folder).TakeNewOrigins());
        await using var store = OpenedStore.At(folder.Combine("hub"));
        await store.ExchangeAsync("q");

        Assert.Equal(2, At(folder).CountAll().Stats!.Origins);
        Assert.NotNull(At(folder).TakeNewOrigins());
    }

    /// <summary>Its id too would be replaced by one that an old version takes for its own.</summary>
    [Theory]
    [InlineData("store.json")]
    [InlineData("000000000001.jsonl")]
    public async Task NewerVersionsStore_IsNeitherCountedNorGivenNewOrigins(string file)
    {
        using var folder = new TemporaryFolder();
        await FillAsync(folder.Combine("hub"));
        var path = Path.Combine(folder.Combine("hub"), "log", file);
        var lines = await File.ReadAllLinesAsync(path);
        var line = System.Text.Encoding.UTF8.GetBytes(lines[^1].Replace("\"v\":1", "\"v\":7", StringComparison.Ordinal));
        ChecksumLine.Seal(line);
        lines[^1] = System.Text.Encoding.UTF8.GetString(line);
        await File.WriteAllTextAsync(path, string.Join('\n', lines) + "\n");
        var identity = await File.ReadAllBytesAsync(Path.Combine(folder.Combine("hub"), "log", "store.json"));

        Assert.Contains("has format 7", At(folder).CountAll().Refused, StringComparison.Ordinal);
        Assert.Contains("has format 7", At(folder).TakeNewOrigins(), StringComparison.Ordinal);
        Assert.Equal(identity, await File.ReadAllBytesAsync(Path.Combine(folder.Combine("hub"), "log", "store.json")));
    }

    private static LogMaintenance At(TemporaryFolder folder)
    {
        var time = new ManualTimeProvider();
        return new LogMaintenance(OpenedStore.Options(folder.Combine("hub")), time, new IdSource(time), NullLogger.Instance);
    }

    private static async Task FillAsync(string root)
    {
        await using var store = OpenedStore.At(root);
        for (var n = 0; n < 7; n++)
            await store.ExchangeAsync($"question {n} über alles", conversation: $"c{n}");
        await store.EraseAsync("c0");
        ScrubPlace.Write(new LogFolder(root).Scrub, PhysicalDisk.Instance, 1);
    }
}
