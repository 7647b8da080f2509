using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Snapshots;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Snapshots;

/// <summary>T20, T72: a start from a snapshot shows what a start from the whole log shows, and a snapshot that is not right is not used.</summary>
public sealed class SnapshotTests
{
    private const int Discarded = 2050;
    private const int Seeds = 12;

    [Fact]
    public async Task Open_FromASnapshotAndATail_ShowsWhatTheWholeLogShows()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            using var folder = new TemporaryFolder();
            var root = folder.Combine("hub");
            var random = new Random(seed);
            for (var run = 0; run < 3; run++)
            {
                await using var store = OpenedStore.At(root);
                Assert.DoesNotContain(store.Logger.Records.Snapshot(), record => record.Event.Id == Discarded);
                await ChangeAtRandomAsync(store, random);
            }

            Assert.True(File.Exists(Snapshot(root)));
            var fromSnapshot = await DescribeAsync(root);
            File.Delete(Snapshot(root));
            Assert.Equal(await DescribeAsync(root), fromSnapshot);

            // The tail: what was committed after the snapshot of a process that died.
            var before = await File.ReadAllBytesAsync(Snapshot(root));
            await using (var store = OpenedStore.At(root))
                await ChangeAtRandomAsync(store, random);
            await File.WriteAllBytesAsync(Snapshot(root), before);
            var withTail = await DescribeAsync(root);
            File.Delete(Snapshot(root));
            Assert.Equal(await DescribeAsync(root), withTail);
        }
    }

    /// <summary>Decision 14: damage that a start did not read is found by itself, told everywhere, and not forgotten at the next start.</summary>
    [Fact]
    public async Task Open_FromASnapshotOverADamagedLine_TellsWithinTheFirstRounds()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            for (var n = 0; n < 3; n++)
                await store.ExchangeAsync($"message {n}", conversation: $"c{n}");
        }

        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var bytes = await File.ReadAllBytesAsync(segment);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes);

        await using (var again = OpenedStore.At(root))
        {
            Assert.Equal(StoreHealthState.Healthy, again.Store.Status.Health);
            var told = again.Logger.Records.FirstAsync(static record => record.Event.Id == 2002);
            while (!told.IsCompleted)
            {
                await again.Time.WaitForTimersAsync();
                again.Time.Advance(TimeSpan.FromMilliseconds(400));
                await Task.WhenAny(told, Task.Delay(20));
            }

            await told;
            var damaged = await ((StoreOpening.Opened)again.Opening).Damaged.WaitAsync(TestTimeouts.Signal);
            Assert.Contains("000000000001.jsonl line 1", damaged, StringComparison.Ordinal);
            Assert.Equal(StoreHealthState.Degraded, again.Store.Status.Health);
            Assert.Equal(2, (await again.ReadAsync("c2")).Messages.Count);
        }

        Assert.False(File.Exists(Snapshot(root)));
        await using var third = OpenedStore.At(root);
        Assert.Equal(StoreHealthState.Degraded, third.Store.Status.Health);
    }

    /// <summary>The log is checked a piece at a time: a line is counted from the beginning of its file, wherever the piece begins.</summary>
    [Fact]
    public async Task Open_FromASnapshotOverALineFarInTheLog_TellsItsPlaceInTheFile()
    {
        const int Messages = 40;
        const int Rounds = 1_000;
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            for (var n = 0; n < Messages; n++)
                await store.AskAsync(store.Question($"message {n} {new string('x', 100_000)}", $"c{n}"));
        }

        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var bytes = await File.ReadAllBytesAsync(segment);

        // Not the last one, which a start looks at itself.
        bytes[^150_000] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes);

        await using var again = OpenedStore.At(root);
        var damaged = ((StoreOpening.Opened)again.Opening).Damaged;
        for (var round = 0; round < Rounds && !damaged.IsCompleted; round++)
        {
            await again.Time.WaitForTimersAsync();
            again.Time.Advance(TimeSpan.FromMilliseconds(400));
            await Task.WhenAny(damaged, Task.Delay(20));
        }

        Assert.Contains($"000000000001.jsonl line {Messages - 1}", await damaged.WaitAsync(TestTimeouts.Signal), StringComparison.Ordinal);
    }

    /// <summary>A snapshot is of one moment, whatever is committed while it is being taken.</summary>
    [Fact]
    public async Task Open_FromASnapshotTakenWhileOthersCommit_ShowsWhatTheWholeLogShows()
    {
        const int Rounds = 20;
        const int Enough = 5;
        const int MostMessages = 5_000;
        const int EnoughForOne = 20;
        using var written = new SemaphoreSlim(0);
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using var drafts = OpenedStore.New();
        var taken = new List<byte[]>();
        var opened = Assert.IsType<StoreOpening.Opened>(
            StoreOpener.OpenLog(OpenedStore.Options(root) with { SnapshotEvery = EnoughForOne }, drafts.Time, drafts.Ids, drafts.Logger));
        await using (opened.Store)
        {
            var done = false;
            var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(writer))));

            // Less than the time after which erased text is removed: a compaction takes away the snapshots that came before it.
            for (var round = 0; round < Rounds && taken.Count < Enough && !writing.IsCompleted; round++)
            {
                var before = Count(drafts.Logger.Records.Snapshot());
                await MoreAsync(EnoughForOne);
                await drafts.Time.WaitForTimersAsync();
                drafts.Time.Advance(TimeSpan.FromMilliseconds(401));

                // It may be given up where too much changes meanwhile.
                await Task.WhenAny(drafts.Logger.Records.WhenAsync(records => Count(records) > before), MoreAsync(20 * EnoughForOne));
                if (File.Exists(Snapshot(root)))
                    taken.Add(await File.ReadAllBytesAsync(Snapshot(root)));
            }

            Volatile.Write(ref done, true);
            await writing;

            async Task MoreAsync(int messages)
            {
                while (written.Wait(0))
                    continue;
                for (var n = 0; n < messages && !writing.IsCompleted; n++)
                    await Task.WhenAny(written.WaitAsync(), writing);
            }

            async Task WriteAsync(int writer)
            {
                for (var n = 0; n < MostMessages && !Volatile.Read(ref done); n++)
                {
                    written.Release();
                    var question = drafts.Question($"word{n % 20}", $"ada{writer}");
                    await opened.Store.StoreQuestionAsync(question, CancellationToken.None);
                    await opened.Store.StoreReplyAsync(OpenedStore.Reply(question, $"word{n % 7}"), CancellationToken.None);
                    var change = new ConversationChange { Owner = null, ConversationId = ConversationId.Parse($"ada{writer}"), Title = $"title {n}" };
                    await opened.Archive.ChangeAsync(change, CancellationToken.None);
                    if (n % 10 != 9)
                        continue;
                    await opened.Store.StoreQuestionAsync(drafts.Question("gone", $"gone{writer}x{n}"), CancellationToken.None);
                    await opened.Archive.EraseConversationAsync(null, ConversationId.Parse($"gone{writer}x{n}"), CancellationToken.None);
                }
            }
        }

        taken = [.. taken.DistinctBy(static bytes => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)))];
        Assert.NotEmpty(taken);
        File.Delete(Snapshot(root));
        var whole = await DescribeAsync(root);
        foreach (var snapshot in taken)
        {
            await File.WriteAllBytesAsync(Snapshot(root), snapshot);
            await using var again = OpenedStore.At(root);
            Assert.DoesNotContain(again.Logger.Records.Snapshot(), record => record.Event.Id == Discarded);
            Assert.Equal(whole, await DescribeAsync(again));
        }

        static int Count(IReadOnlyList<ConversationHub.Testing.Logging.LogRecord> records) => records.Count(static record => record.Event.Id == 2051);
    }

    [Fact]
    public async Task Open_FromASnapshot_ReadsNoOlderLine()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            for (var n = 0; n < 3; n++)
                await store.ExchangeAsync($"message {n}", conversation: $"c{n}");
        }

        // Were the first line read, its damage would be known at once.
        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var bytes = await File.ReadAllBytesAsync(segment);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes);

        await using (var again = OpenedStore.At(root))
        {
            Assert.Equal(StoreHealthState.Healthy, again.Store.Status.Health);
            Assert.Equal(2, (await again.ReadAsync("c2")).Messages.Count);
            Assert.IsType<ReadOutcome.Damaged>(await again.Store.ReadAsync(
                new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("c0") }, CancellationToken.None));
            Assert.Equal(StoreHealthState.Degraded, again.Store.Status.Health);
        }
    }

    [Fact]
    public async Task Open_SnapshotWithAnyByteChanged_ReadsTheLogAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await ChangeAtRandomAsync(store, new Random(1));
        var right = await File.ReadAllBytesAsync(Snapshot(root));
        var expected = await DescribeAsync(root);
        for (var at = 0; at < right.Length; at += right.Length / 40)
        {
            var wrong = right.ToArray();
            wrong[at] ^= 0x10;
            await File.WriteAllBytesAsync(Snapshot(root), wrong);

            await using var store = OpenedStore.At(root);
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == Discarded);
            Assert.Equal(expected, await DescribeAsync(store));
        }

        await File.WriteAllBytesAsync(Snapshot(root), right[..(right.Length / 2)]);
        await using var cut = OpenedStore.At(root);
        Assert.Equal(expected, await DescribeAsync(cut));
    }

    [Fact]
    public async Task Open_SnapshotOfAnotherLog_IsNotUsed()
    {
        using var folder = new TemporaryFolder();
        var (one, other) = (folder.Combine("one"), folder.Combine("other"));
        await using (var store = OpenedStore.At(one))
            await store.ExchangeAsync("the first store says this");
        await using (var store = OpenedStore.At(other))
            await store.ExchangeAsync("the other store says that, and more than the first one does", conversation: "else");
        var expected = await DescribeAsync(other);
        File.Copy(Snapshot(one), Snapshot(other), overwrite: true);

        Assert.Equal(expected, await DescribeAsync(other));
    }

    /// <summary>T48: neither the snapshot nor a search file holds anything of what was erased, after restarts too.</summary>
    [Fact]
    public async Task Compact_AfterRestarts_LeavesNothingErasedBesideTheLog()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var word = BitConverter.GetBytes(ConversationHub.Store.Search.TermHash.Of("canaryword"));
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync("CanaryWord in a text", conversation: "gone", surface: SurfaceId.Parse("canarysurface"));
            await store.ExchangeAsync("kept words", conversation: "kept");
            await store.Archive.ChangeAsync(
                new ConversationChange { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("gone"), Title = "CanaryTitle" }, CancellationToken.None);
        }

        Assert.NotEmpty(FilesBesideTheLog(root, word));
        Assert.NotEmpty(FilesBesideTheLog(root, Encoding.UTF8.GetBytes("CanaryTitle")));
        await using (var store = OpenedStore.At(root))
        {
            Assert.Single(await store.SearchAsync(Query("canaryword")));
            await store.EraseAsync("gone");
            Assert.Empty(await store.SearchAsync(Query("canaryword")));
            Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
            Assert.Empty(FilesBesideTheLog(root, word));
            Assert.Empty(FilesBesideTheLog(root, Encoding.UTF8.GetBytes("CanaryTitle")));
        }

        Assert.Empty(FilesBesideTheLog(root, word));
        foreach (var canary in new[] { "CanaryTitle", "CanaryWord", "canarysurface" })
            Assert.Empty(FilesBesideTheLog(root, Encoding.UTF8.GetBytes(canary)));
        await using var last = OpenedStore.At(root);
        Assert.Single(await last.SearchAsync(Query("kept")));
        Assert.Empty(await last.SearchAsync(Query("canaryword")));
    }

    [Theory]
    [InlineData(0, 19_999, 9, false)]
    [InlineData(0, 20_000, 0, true)]
    [InlineData(800_000, 900_000, 0, false)]
    [InlineData(800_000, 915_000, 0, true)]
    [InlineData(5_000, 5_999, 60, false)]
    [InlineData(5_000, 6_000, 10, true)]
    [InlineData(5_000, 5_000, 999, false)]
    public void IsDue_GoesByWhatWasAddedAndByRest(int covered, int held, int idleSeconds, bool due) =>
        Assert.Equal(due, SnapshotKeeper.SnapshotPolicy.IsDue(covered, held, TimeSpan.FromSeconds(idleSeconds)));

    private static string Snapshot(string root) => Path.Combine(root, "log", "index.snapshot");

    private static SearchQuery Query(string text) => new() { Text = text, Owner = OpenedStore.Ada };

    private static string[] FilesBesideTheLog(string root, byte[] bytes) =>
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith(".jsonl", StringComparison.Ordinal) && Path.GetFileName(path) != "lock")
            .Where(path => File.ReadAllBytes(path).AsSpan().IndexOf(bytes) >= 0)
            .ToArray();

    private static async Task ChangeAtRandomAsync(OpenedStore store, Random random)
    {
        for (var n = 0; n < 30; n++)
        {
            var user = random.Next(2) == 0 ? OpenedStore.Ada : OpenedStore.Bob;
            var conversation = $"{user}{random.Next(4)}";
            var question = store.Question($"word{random.Next(20)} word{random.Next(20)}", conversation, user, random.Next(2) == 0 ? OpenedStore.Windsurf : OpenedStore.Browser);
            if (await store.AskAsync(question) is QuestionOutcome.Stored && random.Next(4) > 0)
                await store.AnswerAsync(OpenedStore.Reply(question, $"reply word{random.Next(20)}"));
            var id = ConversationId.Parse(conversation);
            switch (random.Next(14))
            {
                case 0:
                    await store.Archive.ChangeAsync(new ConversationChange { Owner = user, ConversationId = id, Title = $"title {n}", AddTags = ["x"] }, CancellationToken.None);
                    break;
                case 1 when random.Next(3) == 0:
                    await store.Archive.EraseConversationAsync(user, id, CancellationToken.None);
                    break;
                case 2 when random.Next(6) == 0:
                    await store.Archive.EraseUserAsync(user, CancellationToken.None);
                    break;
                case 3 when random.Next(3) == 0:
                    await store.Archive.CompactAsync(CancellationToken.None);
                    break;
                default:
                    break;
            }

            store.Time.Advance(TimeSpan.FromMilliseconds(random.Next(3) == 0 ? 0 : 1100));
        }
    }

    private static async Task<string> DescribeAsync(string root)
    {
        await using var store = OpenedStore.At(root);
        return await DescribeAsync(store);
    }

    /// <summary>All that can be read, listed and searched.</summary>
    private static async Task<string> DescribeAsync(OpenedStore store)
    {
        var text = new StringBuilder();
        foreach (var user in new[] { OpenedStore.Ada, OpenedStore.Bob })
        {
            var page = await store.ListAsync(new ListQuery { Owner = user, Limit = 200 });
            text.AppendLine(JsonSerializer.Serialize(page, MaestraJson.Readable.ConversationPage));
            for (var n = 0; n < 4; n++)
            {
                var outcome = await store.Store.ReadAsync(new ReadQuery { Owner = user, ConversationId = ConversationId.Parse($"{user}{n}") }, CancellationToken.None);
                text.AppendLine(outcome is ReadOutcome.Found found
                    ? JsonSerializer.Serialize(found.Conversation, MaestraJson.Readable.ConversationDocument)
                    : outcome.GetType().Name);
            }

            for (var n = 0; n < 20; n++)
            {
                var passages = await store.SearchAsync(new SearchQuery { Text = $"word{n}", Owner = user, Limit = 100 });
                text.AppendLine(string.Join(' ', passages.Select(passage => passage.MessageId.ToString()).Order(StringComparer.Ordinal)));
            }
        }

        return text.ToString();
    }
}
