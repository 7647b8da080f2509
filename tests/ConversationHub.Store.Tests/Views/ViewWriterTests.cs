using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Maintenance;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Store.Views;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Views;

public sealed class ViewWriterTests
{
    [Fact]
    public async Task Write_AfterAnExchange_FileAndIndexAreTheDocumentedFormat()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        ConversationDocument document;
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync("Größe?", "Zwölf.");
            document = await store.ReadAsync();
        }

        var text = await File.ReadAllTextAsync(Path.Combine(root, "main.json"));
        Assert.Equal(JsonSerializer.Serialize(document, MaestraJson.Readable.ConversationDocument) + "\n", text);
        Assert.StartsWith("{\n  \"id\": \"main\",", text, StringComparison.Ordinal);
        Assert.All(text, static c => Assert.InRange(c, '\n', '~'));
        var index = JsonSerializer.Deserialize(await File.ReadAllTextAsync(Path.Combine(root, "index.json")), MaestraJson.Readable.ConversationIndex)!;
        Assert.Equal(["main"], index.Conversations.Select(one => one.Id));
        Assert.Equal(["windsurf"], index.Conversations[0].Surfaces);
    }

    [Fact]
    public async Task Write_BurstInOneConversation_CostsABoundedNumberOfRewrites()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        for (var n = 0; n < 100; n++)
            await store.AskAsync(store.Question($"q{n}"));

        var before = disk.OtherFlushes;
        Assert.False(File.Exists(Path.Combine(store.Root, "main.json")));
        await store.Time.WaitForTimersAsync();
        store.Time.Advance(TimeSpan.FromMilliseconds(400));
        await WaitForFile(Path.Combine(store.Root, "index.json"));

        Assert.Equal(before + 2, disk.OtherFlushes);
        Assert.Equal(100, (await Read(Path.Combine(store.Root, "main.json"))).Messages.Count);
    }

    /// <summary>In a burst over many conversations the disk belongs to the log; the files come when it is over, each of them.</summary>
    [Fact]
    public async Task Write_BurstOverManyConversations_CostsFewFilesUntilItIsOver()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        const int Conversations = 100;
        await using (var store = OpenedStore.At(root))
        {
            for (var n = 0; n <= ViewWriter.BusyOperations; n++)
                await store.AskAsync(store.Question($"q{n}", $"c{n % Conversations}"));

            await NextRoundAsync(store);
            await WaitForFile(Path.Combine(root, "index.json"));
            Assert.Equal(ViewWriter.MaxFilesPerBusyRound, Directory.GetFiles(root, "c*.json").Length);
        }

        Assert.Equal(Conversations, Directory.GetFiles(root, "c*.json").Length);
    }

    /// <summary>The index is made of every conversation there is: in a burst it comes seldom, and soon when that is over.</summary>
    [Fact]
    public async Task Write_Burst_MakesTheIndexSeldomUntilItIsOver()
    {
        const int Conversations = 40;
        var indexes = 0;
        using var ended = new SemaphoreSlim(0);
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        disk.OtherFlushing = path =>
        {
            if (Path.GetFileName(path).StartsWith("index.json", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref indexes);
                store.Time.Advance(TimeSpan.FromMilliseconds(20));
            }
            else if (path == store.Root)
            {
                ended.Release();
            }
        };

        for (var round = 0; round < 3; round++)
        {
            for (var n = 0; n <= ViewWriter.BusyOperations; n++)
                await store.AskAsync(store.Question($"q{n}", $"c{n % Conversations}"));
            await NextRoundAsync(store);
            Assert.True(await ended.WaitAsync(TestTimeouts.Signal));
        }

        Assert.Equal(1, Volatile.Read(ref indexes));
        await NextRoundAsync(store);
        Assert.True(await ended.WaitAsync(TestTimeouts.Signal));
        Assert.Equal(2, Volatile.Read(ref indexes));
    }

    [Fact]
    public async Task Write_FailsInTheMiddleOfARound_EveryFileIsWrittenInTheNext()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        string[] conversations = ["a", "b", "c"];
        foreach (var conversation in conversations)
            await store.AskAsync(store.Question("q", conversation));

        disk.IsFull = true;
        await NextRoundAsync(store);
        await store.Logger.Records.FirstAsync(static record => record.Event.Id == 2010);
        disk.IsFull = false;
        await NextRoundAsync(store);
        await WaitForFile(Path.Combine(store.Root, "index.json"));

        Assert.All(conversations, conversation => Assert.True(File.Exists(Path.Combine(store.Root, $"{conversation}.json"))));
    }

    /// <summary>A file of the earlier backend is somebody's conversation: taken over, and its bytes kept.</summary>
    [Fact]
    public async Task Write_FileOfAnotherProgramIsThere_ItsBytesAreKept()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        const string Earlier = """{"id":"main","messages":[{"role":"user","content":"from long ago"}]}""";
        await File.WriteAllTextAsync(Path.Combine(root, "main.json"), Earlier);
        await using (var store = OpenedStore.At(root))
            await store.AskAsync(store.Question("now"));
        await using (var store = OpenedStore.At(root))
            await store.AskAsync(store.Question("and now"));

        Assert.Equal(3, (await Read(Path.Combine(root, "main.json"))).Messages.Count);
        var kept = Assert.Single(Directory.GetFiles(Path.Combine(root, "imported")));
        Assert.Equal(Earlier, await File.ReadAllTextAsync(kept));
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Earlier))) + ".json",
            Path.GetFileName(kept));
    }

    /// <summary>wire.md §10.3: what is not what was written is foreign, and an edit that leaves the end as it was too.</summary>
    [Fact]
    public async Task Write_FileWasEditedByHand_ItsBytesAreKeptAndTheLogSaysSo()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("as it was");
        var view = Path.Combine(root, "main.json");
        var edited = (await File.ReadAllTextAsync(view)).Replace("as it was", "a note of my own", StringComparison.Ordinal);
        await File.WriteAllTextAsync(view, edited);

        await using (var again = OpenedStore.At(root))
        {
            await again.ExchangeAsync("another");
            await again.DisposeAsync();
            Assert.Contains(again.Logger.Records.Snapshot(), static record => record.Event.Id == 2020);
        }

        Assert.Equal(edited, await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(root, "imported")))));
        var text = await File.ReadAllTextAsync(view);
        Assert.Contains("as it was", text, StringComparison.Ordinal);
        Assert.Contains("another", text, StringComparison.Ordinal);
        Assert.True(new LogMaintenance(OpenedStore.Options(root), TimeProvider.System, new IdSource(TimeProvider.System), NullLogger.Instance).Verify().IsSound);
    }

    /// <summary>A file that is behind after a crash is the store's own, and so is one of a version that noted nothing.</summary>
    [Theory]
    [InlineData("clean")]
    [InlineData("views.sums")]
    public async Task Write_FileIsBehind_IsReplacedAndKeptNowhere(string lost)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var view = Path.Combine(root, "main.json");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("first");
        var behind = await File.ReadAllBytesAsync(view);
        var sums = await File.ReadAllBytesAsync(Path.Combine(root, "log", "views.sums"));
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("second");
        await File.WriteAllBytesAsync(view, behind);
        await File.WriteAllBytesAsync(Path.Combine(root, "log", "views.sums"), sums);
        File.Delete(Path.Combine(root, "log", lost));
        File.Delete(Path.Combine(root, "log", "clean"));

        await using (OpenedStore.At(root))
        {
        }

        Assert.Contains("second", await File.ReadAllTextAsync(view), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(root, "imported")));
    }

    [Fact]
    public async Task Note_ManyTimes_TheFileStaysSmallAndADamagedRecordIsDropped()
    {
        using var folder = new TemporaryFolder();
        var at = new LogFolder(folder.Combine("hub"));
        Directory.CreateDirectory(at.Log);
        using (var written = new WrittenViews(at, PhysicalDisk.Instance))
        {
            for (var n = 0; n < 140_000; n++)
                written.Note("a.json", BitConverter.GetBytes(n));
            written.Note("b.json", "b"u8);
            Assert.True(written.IsOwn("a.json", BitConverter.GetBytes(139_999)));
            Assert.False(written.IsOwn("a.json", BitConverter.GetBytes(139_998)));
            Assert.Null(written.IsOwn("c.json", []));
        }

        var bytes = await File.ReadAllBytesAsync(at.WrittenViews);
        Assert.InRange(bytes.Length, 2 * WrittenViews.RecordBytes, 70_000 * WrittenViews.RecordBytes);
        Assert.Empty(WrittenViews.FindDamaged(bytes));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(at.WrittenViews, [.. bytes, 7]);
        using (var written = new WrittenViews(at, PhysicalDisk.Instance))
        {
            Assert.True(written.IsOwn("a.json", BitConverter.GetBytes(139_999)));
            Assert.Null(written.IsOwn("b.json", "b"u8));
        }

        Assert.Empty(WrittenViews.FindDamaged(await File.ReadAllBytesAsync(at.WrittenViews)));
    }

    [Fact]
    public async Task Erase_Conversation_ItsFileIsGoneWhenItReturns()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("secret");
        await store.Time.WaitForTimersAsync();
        store.Time.Advance(TimeSpan.FromMilliseconds(400));
        await WaitForFile(Path.Combine(store.Root, "index.json"));

        await store.EraseAsync();

        Assert.False(File.Exists(Path.Combine(store.Root, "main.json")));
        Assert.DoesNotContain("secret", await File.ReadAllTextAsync(Path.Combine(store.Root, "index.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_IdsThatSomeDisksConfuse_HaveFilesOfTheirOwn()
    {
        using var folder = new TemporaryFolder();
        await using (var store = OpenedStore.At(folder.Combine("hub"), StoreNamespace.PerUser))
        {
            await store.ExchangeAsync("q", conversation: "Main");
            await store.ExchangeAsync("q", conversation: "main");
            await store.ExchangeAsync("q", conversation: "main", user: OpenedStore.Bob);
            await store.ExchangeAsync("q", conversation: "NUL");
        }

        var names = Directory.GetFiles(folder.Combine("hub"), "*.json").Select(Path.GetFileName).ToArray();
        Assert.Equal(5, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Contains("Main.json", names);
        Assert.DoesNotContain("NUL.json", names);
    }

    [Fact]
    public void NameOf_SecondOwner_HasTheDigestOfOwnerAndId() =>
        Assert.Equal(
            $"main~{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("bob\nmain"u8)).AsSpan(0, 8)}.json",
            ViewName.Of("main", "bob", isFirstOfName: false));

    private static async Task<ConversationDocument> Read(string path) =>
        JsonSerializer.Deserialize(await File.ReadAllTextAsync(path), MaestraJson.Readable.ConversationDocument)!;

    private static async Task NextRoundAsync(OpenedStore store)
    {
        await store.Time.WaitForTimersAsync();
        store.Time.Advance(TimeSpan.FromMilliseconds(400));
    }

    /// <summary>The round runs on a thread of its own; the index is the last file it writes.</summary>
    private static async Task WaitForFile(string path)
    {
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path)) { EnableRaisingEvents = true };
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Renamed += (_, _) => seen.TrySetResult();
        if (!File.Exists(path))
            await seen.Task.WaitAsync(TestTimeouts.Signal);
    }
}
