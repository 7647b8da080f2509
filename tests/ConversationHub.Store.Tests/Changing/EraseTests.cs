using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Changing;

public sealed class EraseTests
{
    private const string Canary = "swordfish7d1c";

    /// <summary>T70.</summary>
    [Fact]
    public async Task Erase_Conversation_IsGoneForGoodAndTheReceiptStays()
    {
        using var folder = new TemporaryFolder();
        EraseOutcome.Erased receipt;
        QuestionDraft question;
        await using (var store = OpenedStore.At(folder.Combine("hub")))
        {
            question = await store.ExchangeAsync(Canary);
            await store.ExchangeAsync("kept", conversation: "other");
            receipt = await store.EraseAsync();
            Assert.Equal(2, receipt.MessagesErased);
            await AssertGone(store);
        }

        await using var again = OpenedStore.At(folder.Combine("hub"));
        await AssertGone(again);
        Assert.Equal(receipt, await again.EraseAsync());
        await again.Archive.CompactAsync(CancellationToken.None);
        Assert.Equal(receipt, await again.EraseAsync());

        async Task AssertGone(OpenedStore store)
        {
            Assert.IsType<ReadOutcome.Erased>(await store.Store.ReadAsync(
                new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main") }, CancellationToken.None));
            Assert.IsType<QuestionOutcome.Erased>(await store.AskAsync(store.Question("new")));
            Assert.IsType<QuestionOutcome.Erased>(await store.AskAsync(question));
            Assert.IsType<ReplyOutcome.Erased>(await store.AnswerAsync(OpenedStore.Reply(question, "late")));
            Assert.IsType<ChangeOutcome.Erased>(await store.Archive.ChangeAsync(
                new ConversationChange { Owner = null, ConversationId = ConversationId.Parse("main"), Title = "x" }, CancellationToken.None));
            Assert.Equal(["other"], (await store.ListAsync(new ListQuery { Owner = null })).Conversations.Select(one => one.Id));
            Assert.Empty(await store.SearchAsync(new SearchQuery { Text = Canary, Owner = null }));
            Assert.Equal(1, store.Store.Status.Conversations);
        }
    }

    [Fact]
    public async Task Erase_NoSuchConversation_SaysSo()
    {
        await using var store = OpenedStore.New();

        Assert.IsType<EraseOutcome.NotFound>(
            await store.Archive.EraseConversationAsync(null, ConversationId.Parse("never"), CancellationToken.None));
    }

    [Fact]
    public async Task EraseUser_RemovesAllOfTheirsAndNothingElse()
    {
        await using var store = OpenedStore.New(StoreNamespace.PerUser);
        await store.ExchangeAsync(Canary, conversation: "a");
        await store.ExchangeAsync(Canary, conversation: "b");
        await store.ExchangeAsync("bob's", conversation: "a", user: OpenedStore.Bob);

        var erased = Assert.IsType<EraseUserOutcome.Erased>(await store.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None));
        await store.Archive.CompactAsync(CancellationToken.None);

        Assert.Equal(2, erased.ConversationsErased);
        Assert.Empty(store.FilesWith(Canary));
        Assert.Equal("bob's", (await store.ReadAsync("a", OpenedStore.Bob)).Topic);
        Assert.IsType<QuestionOutcome.Erased>(await store.AskAsync(store.Question("again", "a")));
        Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("a new one", "c")));
    }

    /// <summary>T48.</summary>
    [Fact]
    public async Task Compact_AfterErase_LeavesTheCanaryInNoFileAndTheRestReadable()
    {
        using var folder = new TemporaryFolder();
        await using (var store = OpenedStore.At(folder.Combine("hub")))
        {
            await store.ExchangeAsync("before", conversation: "kept");
            await store.ExchangeAsync(Canary, Canary + " too", conversation: "main");
            await store.Archive.ChangeAsync(
                new ConversationChange { Owner = null, ConversationId = ConversationId.Parse("main"), Title = Canary, AddTags = [Canary] }, CancellationToken.None);
            await store.ExchangeAsync("after", conversation: "kept");
            Assert.NotEmpty(store.FilesWith(Canary));

            await store.EraseAsync();
            Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));

            Assert.Empty(store.FilesWith(Canary));
            await store.ExchangeAsync("later", conversation: "kept");
            Assert.Equal(6, (await store.ReadAsync("kept")).Messages.Count);
        }

        await using var again = OpenedStore.At(folder.Combine("hub"));
        Assert.Empty(again.FilesWith(Canary));
        Assert.Equal(6, (await again.ReadAsync("kept")).Messages.Count);
        Assert.Equal(StoreHealthState.Healthy, again.Store.Status.Health);
        await again.ExchangeAsync("and again", conversation: "kept");
        var seqs = Directory.GetFiles(Path.Combine(again.Root, "log"), "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)
            .Select(line => System.Text.Json.JsonSerializer.Deserialize(line, MaestraJson.Compact.Operation)!.Seq).ToArray();
        Assert.Equal(Enumerable.Range(1, seqs.Length).Select(n => (long)n), seqs);
    }

    [Fact]
    public async Task Compact_DamagedCopiesOfTheErased_GoTooAndOthersStay()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync(Canary, conversation: "main");
            await store.ExchangeAsync("kept words", conversation: "kept");
        }

        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var lines = await File.ReadAllLinesAsync(segment);
        await File.WriteAllTextAsync(segment, string.Join('\n',
            lines[0], lines[0].Replace("\"seq\":1", "\"seq\":9", StringComparison.Ordinal), lines[1],
            lines[2], lines[2].Replace("\"seq\":3", "\"seq\":9", StringComparison.Ordinal), lines[3],
            lines[1][..^5]));

        await using var again = OpenedStore.At(root);
        Assert.Equal(StoreHealthState.Degraded, again.Store.Status.Health);
        await again.EraseAsync("main");
        await again.Archive.CompactAsync(CancellationToken.None);

        Assert.Empty(again.FilesWith(Canary));
        Assert.Contains("\"seq\":9", await File.ReadAllTextAsync(segment), StringComparison.Ordinal);
        Assert.Equal(2, (await again.ReadAsync("kept")).Messages.Count);
    }

    [Fact]
    public async Task Compact_WhileOthersWriteAndRead_LosesNothing()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("first", conversation: "kept");
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 15; n++)
            {
                Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question($"{writer} {n}", "kept")));
                Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question(Canary, $"gone{writer}x{n}")));
                await store.EraseAsync($"gone{writer}x{n}");
                await store.ReadAsync("kept");
            }
        })));
        while (!writing.IsCompleted)
            Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
        await writing;
        await store.Archive.CompactAsync(CancellationToken.None);

        Assert.Equal(62, (await store.ReadAsync("kept")).Messages.Count);
        Assert.Empty(store.FilesWith(Canary));
        Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
    }

    /// <summary>What is erased while a compaction begins may stand in the segment that is being appended to.</summary>
    [Fact]
    public async Task Compact_ErasedInTheNewSegmentMeanwhile_WhatIsWrittenAfterwardsOutlivesARestart()
    {
        await using var drafts = OpenedStore.New();
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var time = new HookedTime(drafts.Time);
        var opened = Assert.IsType<StoreOpening.Opened>(StoreOpener.OpenLog(OpenedStore.Options(root), time, drafts.Ids, drafts.Logger));
        await using (opened.Store)
        {
            await AskAndEraseAsync("first");
            time.Hook = () => AskAndEraseAsync("second").GetAwaiter().GetResult();
            Assert.Null(await opened.Archive.CompactAsync(CancellationToken.None));
            Assert.Null(time.Hook);
            await opened.Store.StoreQuestionAsync(drafts.Question("acknowledged", "kept"), CancellationToken.None);
        }

        await using var again = OpenedStore.At(root);
        Assert.Single((await again.ReadAsync("kept")).Messages);

        async Task AskAndEraseAsync(string conversation)
        {
            await opened.Store.StoreQuestionAsync(drafts.Question(Canary, conversation), CancellationToken.None);
            await opened.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse(conversation), CancellationToken.None);
        }
    }

    [Fact]
    public async Task Erase_ThenAMinute_IsCompactedByItself()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync(Canary);
        await store.EraseAsync();

        await store.Time.WaitForTimersAsync();
        store.Time.Advance(TimeSpan.FromSeconds(11));
        await store.Logger.Records.FirstAsync(static record => record.Event.Id == 2008);

        Assert.Empty(store.FilesWith(Canary));
    }

    [Fact]
    public async Task Export_OneUser_GivesEachOfTheirConversationsWhole()
    {
        await using var store = OpenedStore.New(StoreNamespace.PerUser);
        await store.ExchangeAsync("one", conversation: "b");
        await store.ExchangeAsync("two", conversation: "a");
        await store.ExchangeAsync("three", conversation: "c");
        await store.ExchangeAsync("bob's", conversation: "a", user: OpenedStore.Bob);
        await store.EraseAsync("c");

        var exported = new List<ConversationDocument>();
        await foreach (var outcome in store.Archive.ExportAsync(OpenedStore.Ada, CancellationToken.None))
            exported.Add(Assert.IsType<ReadOutcome.Found>(outcome).Conversation);

        Assert.Equal(["a", "b"], exported.Select(one => one.Id));
        Assert.All(exported, one => Assert.Equal(("ada", 2), (one.Owner, one.Messages.Count)));
    }

    /// <summary>Calls back once when a timestamp is taken outside the writer's thread: a compaction takes one once the segment is ended.</summary>
    private sealed class HookedTime(TimeProvider inner) : TimeProvider
    {
        private Action? _hook;

        public Action? Hook
        {
            get => Volatile.Read(ref _hook);
            set => Volatile.Write(ref _hook, value);
        }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long GetTimestamp()
        {
            if (Thread.CurrentThread.Name != "store-writer")
                Interlocked.Exchange(ref _hook, null)?.Invoke();
            return inner.GetTimestamp();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            inner.CreateTimer(callback, state, dueTime, period);
    }
}
