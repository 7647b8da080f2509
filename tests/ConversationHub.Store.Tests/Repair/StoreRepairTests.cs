using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Maintenance;
using ConversationHub.Store.Repair;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Xunit.Abstractions;

namespace ConversationHub.Store.Tests.Repair;

/// <summary><c>store verify --repair</c>, wire.md §10.3 and docs/decisions/0011.</summary>
public sealed class StoreRepairTests(ITestOutputHelper output) : IDisposable
{
    private const int Exchanges = 5;
    private const int FlipsInEveryBuild = 60;

    private readonly TemporaryFolder _folder = new();

    private string Root => _folder.Combine("hub");

    private string Segment => Path.Combine(Root, "log", "000000000001.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Repair_SoundStore_ChangesNothing()
    {
        await FillAsync();
        var before = Snapshot();

        var report = await RepairAsync();

        Assert.Empty(report.Done);
        Assert.True(report.After.IsSound);
        Assert.Equal(before, Snapshot());
    }

    /// <summary>Left from a time when both roots were one folder: without them what was spent, and who is paired, would be forgotten.</summary>
    [Theory]
    [InlineData("maestra_cost_tracker", """{"2026-01-05":0.42,"monthly_total_2026-01":99}""")]
    [InlineData("peers", """{"peers":[],"invites":[]}""")]
    [InlineData("config", """{"MAESTRA_RETENTION_DAYS":30}""")]
    public async Task Repair_FilesOfTheBackendItself_AreNoDamageAndStayAsTheyAre(string id, string content)
    {
        await FillAsync();
        var path = Path.Combine(Root, id + ".json");
        await File.WriteAllTextAsync(path, content);
        await using (var store = OpenedStore.At(Root))
        {
            Assert.IsType<ReadOutcome.NotFound>(await store.Store.ReadAsync(
                new ReadQuery { Owner = null, ConversationId = ConversationId.Parse(id), Limit = 1 }, CancellationToken.None));
        }

        Assert.True(At().Verify().IsSound);
        var report = await RepairAsync();

        Assert.Empty(report.Done);
        Assert.Equal(content, await File.ReadAllTextAsync(path));
    }

    /// <summary>What a repair keeps because it exists nowhere else goes with its own conversation, and with no other.</summary>
    [Fact]
    public async Task Repair_CopyOfAFileItCouldNotReadToTheEnd_GoesWithItsOwnErasureOnly()
    {
        await FillAsync();
        await File.WriteAllTextAsync(Path.Combine(Root, "precious.json"), """
            {"id":"precious","topic":"t","owner":"ada","surfaces":[],"tags":[],"messages":[
             {"id":"m-1","role":"user","content":"whole","surface":"cli","mode":null,"timestamp":"2025-03-01T10:00:00","meta":{}},
             {"id":"m-2","role":"user","content":"only here, to
            """);
        await RepairAsync();
        var copy = Assert.Single(Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.json"));

        await using var store = OpenedStore.At(Root);
        await store.ExchangeAsync("hello", conversation: "unrelated");
        await EraseAsync(store, "unrelated");
        Assert.True(File.Exists(copy));

        await EraseAsync(store, "precious");
        Assert.False(File.Exists(copy));
    }

    /// <summary>The copy of a line whose changed byte stands in the conversation's name names another one: its text must go all the same (T48).</summary>
    [Fact]
    public async Task Repair_CopyThatNamesAnotherConversation_GoesWithItsOwnErasure()
    {
        await FillAsync();
        var bytes = await File.ReadAllBytesAsync(Segment);
        var name = "\"conversation_id\":\"main\""u8;
        bytes[bytes.AsSpan().LastIndexOf(name) + name.Length - 2] ^= 1;
        await File.WriteAllBytesAsync(Segment, bytes);
        Assert.True((await RepairAsync()).After.IsSound);
        Assert.Single(Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.bad"));

        await using var store = OpenedStore.At(Root);
        await EraseAsync(store, "main");

        Assert.Empty(Directory.GetFiles(Path.Combine(Root, "log", "damaged")));
    }

    /// <summary>One changed byte is what a failing disk gives most often: nothing of it is lost.</summary>
    [Fact]
    public async Task Repair_AnyByteOfTheLogChanged_BringsEveryOperationBack()
    {
        await FillAsync();
        var pristine = await File.ReadAllBytesAsync(Segment);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        for (var flip = 0; flip < FlipsInEveryBuild; flip++)
        {
            var bytes = pristine.ToArray();
            var at = flip switch
            {
                0 => bytes.Length - 1,
                1 => Array.IndexOf(bytes, (byte)'\n'),
                _ => random.Next(bytes.Length),
            };
            bytes[at] ^= (byte)random.Next(1, 256);
            await File.WriteAllBytesAsync(Segment, bytes);

            var report = await RepairAsync();

            Assert.True(report.After.IsSound, $"seed {seed}, offset {at}: {string.Join('\n', report.Done)}\n{string.Join('\n', report.After.Findings)}");
            Assert.Equal(0, report.After.KnownLost);
            Assert.Equal(pristine, await File.ReadAllBytesAsync(Segment));
        }
    }

    [Fact]
    public async Task Repair_LinesThatCannotBeRead_KeepsThemAsideTellsTheLossAndKeepsTheRest()
    {
        await FillAsync();
        var before = await File.ReadAllBytesAsync(Segment);
        Spoil(line: 4);
        var damaged = await File.ReadAllBytesAsync(Segment);
        Assert.Contains(At().Verify().Findings, static finding => finding.What.StartsWith("damaged", StringComparison.Ordinal));

        var report = await RepairAsync();

        Assert.True(report.After.IsSound, string.Join('\n', report.After.Findings));
        Assert.Equal(1, report.After.KnownLost);
        Assert.Contains(report.Done, static step => step.Contains("operations 4 to 4 of", StringComparison.Ordinal));
        var kept = Assert.Single(Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.bad"));
        Assert.True(damaged.AsSpan().IndexOf(File.ReadAllBytes(kept)) > 0);
        Assert.True(before.Length > new FileInfo(Segment).Length);

        // Again there is nothing to do, what is lost is not told as new, and no number of the lost line's stream is given out again.
        Assert.Empty((await RepairAsync()).Done);
        await using var store = OpenedStore.At(Root);
        Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
        Assert.Equal(["question 0", "Yes.", "question 1", "question 2", "Yes.", "question 3", "Yes.", "question 4", "Yes."],
            (await store.ReadAsync(limit: 100)).Messages.Select(static message => message.Content));
        await store.ExchangeAsync("after");
        await store.Store.DisposeAsync();
        Assert.Equal(2, At().CountAll().Stats!.Origins);
    }

    /// <summary>T62: asks for its id are answered again, and what can be read of the file is.</summary>
    [Fact]
    public async Task Repair_FilesThatDoNotParse_AreMovedAwayAndReadUpToTheDamage()
    {
        await FillAsync();
        const string Torn = """{"id":"torn","owner":"ada","messages":[{"role":"user","content":"first"},{"role":"assistant","content":"second"},{"role":"us""";
        await File.WriteAllTextAsync(Path.Combine(Root, "torn.json"), Torn);
        await File.WriteAllTextAsync(Path.Combine(Root, "empty.json"), "");
        await File.WriteAllTextAsync(Path.Combine(Root, "no name@.json"), "[1,2");
        await using (var store = OpenedStore.At(Root))
            Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q", "torn")));
        Assert.Equal(3, At().Verify().Findings.Count(static finding => finding.What.Contains("--repair", StringComparison.Ordinal)));

        var report = await RepairAsync();

        Assert.True(report.After.IsSound, string.Join('\n', report.After.Findings));
        Assert.Equal(3, Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.json").Length);
        Assert.Contains(Torn, Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.json").Select(File.ReadAllText));
        await using var repaired = OpenedStore.At(Root);
        Assert.Equal(["first", "second"], (await repaired.ReadAsync("torn")).Messages.Select(static message => message.Content));
        await repaired.ExchangeAsync("answered again", conversation: "torn");
        await repaired.ExchangeAsync("a new one", conversation: "empty");
    }

    [Fact]
    public async Task Repair_TornFileOfAnErasedConversation_IsRemovedWithoutACopy()
    {
        await FillAsync();
        await using (var store = OpenedStore.At(Root))
            await store.EraseAsync();
        await File.WriteAllTextAsync(Path.Combine(Root, "main.json"), """{"id":"main","messages":[{"role":"user","content":"swordfish9""");

        var report = await RepairAsync();

        Assert.True(report.After.IsSound, string.Join('\n', report.After.Findings));
        Assert.DoesNotContain(Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories), static path => File.ReadAllText(path).Contains("swordfish9", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Repair_StoreInUse_IsRefusedAndChangesNothing()
    {
        await FillAsync();
        await using var store = OpenedStore.At(Root);
        Spoil(line: 2);
        var before = await File.ReadAllBytesAsync(Segment);

        var (report, refused) = await At().RepairAsync();

        Assert.Null(report);
        Assert.Contains("in use", refused, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Segment));
    }

    /// <summary>The disk fails at each of its calls in turn, as a kill would: the next run ends well, and everything that could be read is there.</summary>
    [Fact]
    public async Task Repair_CutOffAtAnyStep_RunAgainEndsWell()
    {
        await FillAsync();
        Spoil(line: 4);
        var flipped = await File.ReadAllBytesAsync(Segment);
        flipped[^20] ^= 4;
        await File.WriteAllBytesAsync(Segment, flipped);
        await File.WriteAllTextAsync(Path.Combine(Root, "torn.json"), """{"id":"torn","messages":[{"content":"first"},{"con""");
        var pristine = _folder.Combine("pristine");
        Copy(Root, pristine);
        var cutOff = true;
        var steps = 0;
        for (; cutOff; steps++)
        {
            Directory.Delete(Root, recursive: true);
            Copy(pristine, Root);
            cutOff = false;
            try
            {
                await At(new DyingDisk(steps)).RepairAsync();
            }
            catch (IOException)
            {
                cutOff = true;
            }

            var report = await RepairAsync();

            Assert.True(report.After.IsSound, $"step {steps}: {string.Join('\n', report.After.Findings)}");
            Assert.Equal(((2 * Exchanges) - 1 + 1, 1), (report.After.Operations, report.After.KnownLost));
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(Root, "log", "damaged"), "*.bad"));
        }

        Assert.True(steps > 10, $"{steps} steps");
    }

    private LogMaintenance At(IDisk? disk = null)
    {
        var time = new ManualTimeProvider();
        return new LogMaintenance(OpenedStore.Options(Root), time, new IdSource(time), NullLogger.Instance) { Disk = disk ?? PhysicalDisk.Instance };
    }

    private static async Task EraseAsync(OpenedStore store, string conversation)
    {
        Assert.IsType<EraseOutcome.Erased>(await store.Archive.EraseConversationAsync(
            OpenedStore.Ada, ConversationId.Parse(conversation), CancellationToken.None));
        Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
    }

    private async Task<RepairReport> RepairAsync()
    {
        var (report, refused) = await At().RepairAsync();
        Assert.True(report is not null, refused);
        return report;
    }

    private async Task FillAsync()
    {
        await using var store = OpenedStore.At(Root);
        for (var n = 0; n < Exchanges; n++)
            await store.ExchangeAsync($"question {n}");
    }

    /// <summary>Two bytes far from each other: no checksum explains that.</summary>
    private void Spoil(int line)
    {
        var bytes = File.ReadAllBytes(Segment);
        var at = 0;
        for (var passed = 1; passed < line; passed++)
            at = Array.IndexOf(bytes, (byte)'\n', at) + 1;
        bytes[at + 60] ^= 1;
        bytes[at + 90] ^= 1;
        File.WriteAllBytes(Segment, bytes);
    }

    private IEnumerable<(string, DateTime, long)> Snapshot() => [.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Where(static path => Path.GetFileName(path) != "lock").Order(StringComparer.Ordinal)
        .Select(static path => (path, File.GetLastWriteTimeUtc(path), new FileInfo(path).Length))];

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Append(from))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }

    /// <summary>Does so many calls, and then none: what a kill leaves.</summary>
    private sealed class DyingDisk(int calls) : IDisk
    {
        private int _left = calls;

        public SafeFileHandle Open(string path) => PhysicalDisk.Instance.Open(path);

        public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
        {
            Live();
            PhysicalDisk.Instance.Write(file, bytes, offset);
        }

        public void Flush(SafeFileHandle file)
        {
            Live();
            PhysicalDisk.Instance.Flush(file);
        }

        public void FlushFolder(string path)
        {
            Live();
            PhysicalDisk.Instance.FlushFolder(path);
        }

        public void SetLength(SafeFileHandle file, long length)
        {
            Live();
            PhysicalDisk.Instance.SetLength(file, length);
        }

        private void Live()
        {
            if (_left-- <= 0)
                throw new IOException("cut off");
        }
    }
}
