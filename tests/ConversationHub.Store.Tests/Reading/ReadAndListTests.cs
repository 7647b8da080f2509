using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Reading;

public sealed class ReadAndListTests
{
    /// <summary>T17, T18.</summary>
    [Fact]
    public async Task Read_OneAskThenAnotherSurface_IsTheDocumentedShape()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("What changed in the parser?", "Two rules.", surface: OpenedStore.Windsurf);

        var one = await store.ReadAsync();
        Assert.Equal(("main", "What changed in the parser?", "ada", 2), (one.Id, one.Topic, one.Owner, one.Format));
        Assert.Equal(["windsurf"], one.Surfaces);
        Assert.Equal((2, "active"), (one.Meta.MessageCount, one.Meta.Status));
        Assert.Equal(["user", "assistant"], one.Messages.Select(message => message.Role));
        Assert.Equal(one.Messages[0].Timestamp, one.Meta.CreatedAt);
        Assert.Equal(one.Messages[1].Timestamp, one.Meta.UpdatedAt);
        Assert.False(one.Truncated);

        await store.ExchangeAsync("And since?", surface: OpenedStore.Browser);
        var two = await store.ReadAsync();
        Assert.Equal(["windsurf", "browser_ext"], two.Surfaces);
        Assert.Equal(4, two.Messages.Count);
    }

    [Fact]
    public async Task Read_TopicOfALongMessage_IsItsFirstHundredCharacters()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync(string.Concat(Enumerable.Repeat("😀", 150)));

        Assert.Equal(string.Concat(Enumerable.Repeat("😀", 100)), (await store.ReadAsync()).Topic);
    }

    [Fact]
    public async Task Read_LimitAndBefore_WalkBackThroughAllMessages()
    {
        await using var store = OpenedStore.New();
        for (var n = 0; n < 5; n++)
            await store.ExchangeAsync($"q{n}", $"a{n}");

        var seen = new List<string>();
        OperationId? before = null;
        ConversationDocument page;
        do
        {
            var outcome = await store.Store.ReadAsync(
                new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main"), Limit = 3, Before = before }, CancellationToken.None);
            page = Assert.IsType<ReadOutcome.Found>(outcome).Conversation;
            seen.InsertRange(0, page.Messages.Select(message => message.Content));
            before = OperationId.Parse(page.Messages[0].Id);
            Assert.Equal("q0", page.Topic);
            Assert.Equal(10, page.Meta.MessageCount);
        }
        while (page.Truncated);

        Assert.Equal(["q0", "a0", "q1", "a1", "q2", "a2", "q3", "a3", "q4", "a4"], seen);
    }

    [Fact]
    public async Task Read_BeforeIsNoMessage_SaysSo()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("q");

        Assert.IsType<ReadOutcome.UnknownMessage>(await store.Store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main"), Before = store.Ids.NewOperationId() }, CancellationToken.None));
    }

    [Fact]
    public async Task Read_LineDamagedWhileOpen_IsDamagedAndTheStoreIsDegraded()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("q");
        await using (var file = new FileStream(store.FirstSegment, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 60;
            file.WriteByte((byte)'!');
        }

        Assert.IsType<ReadOutcome.Damaged>(await store.Store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main") }, CancellationToken.None));
        Assert.Equal(StoreHealthState.Degraded, store.Store.Status.Health);
    }

    /// <summary>T69: paging shows each conversation once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(200)]
    public async Task List_FollowingTheCursors_ShowsEveryConversationOnceNewestFirst(int limit)
    {
        await using var store = OpenedStore.New(StoreNamespace.PerUser);
        for (var n = 0; n < 7; n++)
        {
            await store.ExchangeAsync("q", conversation: $"c{n}", user: OpenedStore.Ada);
            await store.ExchangeAsync("q", conversation: $"c{n}", user: OpenedStore.Bob);
        }

        // Several of one time: then by id, then by owner.
        await Task.WhenAll(Enumerable.Range(0, 5).SelectMany(n => new[] { OpenedStore.Ada, OpenedStore.Bob }
            .Select(user => store.AskAsync(store.Question("q", $"same{n}", user)))));

        var seen = new List<(string Id, string Owner, DateTimeOffset At)>();
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(new ListQuery { Owner = null, Limit = limit, Cursor = cursor });
            Assert.InRange(page.Conversations.Count, 1, limit);
            seen.AddRange(page.Conversations.Select(summary => (summary.Id, summary.Owner, summary.UpdatedAt)));
            cursor = page.NextCursor;
            Assert.InRange(cursor?.Length ?? 0, 0, WireLimits.CursorCharacters);
        }
        while (cursor is not null);

        Assert.Equal(24, seen.Distinct().Count());
        Assert.Equal(24, seen.Count);
        Assert.Equal(
            seen.OrderByDescending(one => one.At).ThenBy(one => one.Id, StringComparer.Ordinal).ThenBy(one => one.Owner, StringComparer.Ordinal),
            seen);
    }

    [Fact]
    public async Task List_Filters_LetOnlyTheirOwnPass()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("q", conversation: "a", user: OpenedStore.Ada, surface: OpenedStore.Windsurf);
        await store.ExchangeAsync("q", conversation: "b", user: OpenedStore.Bob, surface: OpenedStore.Browser);

        Assert.Equal(["a"], await Ids(new ListQuery { Owner = OpenedStore.Ada }));
        Assert.Equal(["b"], await Ids(new ListQuery { Owner = null, Surface = OpenedStore.Browser }));
        Assert.Empty(await Ids(new ListQuery { Owner = null, Surface = SurfaceId.Parse("never") }));
        Assert.Empty(await Ids(new ListQuery { Owner = null, Status = ConversationStatus.Closed }));
        Assert.Equal(["b", "a"], await Ids(new ListQuery { Owner = null, Status = null }));

        async Task<IEnumerable<string>> Ids(ListQuery query) => (await store.ListAsync(query)).Conversations.Select(summary => summary.Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("rubbish!")]
    [InlineData("MTIz")]
    [InlineData("OGRkLm5ldmVyLjAwMDAwMDAw")]
    public async Task List_CursorOfNoOne_SaysSo(string cursor)
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("q");

        Assert.IsType<ListOutcome.BadCursor>(await store.Store.ListAsync(new ListQuery { Owner = null, Cursor = cursor }, CancellationToken.None));
    }

    /// <summary>More than a megabyte: messages are read while they are walked, and one that cannot be is told before the first is given.</summary>
    [Theory]
    [InlineData(WireLimits.MessagePageMax + 2, 0)]
    [InlineData(6, 200_000)]
    public async Task Read_AllOfALongConversation_ReadsEachMessageWhenItsTurnComes(int count, int padding)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        var rest = new string('.', padding);
        var lines = string.Join(",\n", Enumerable.Range(0, count).Select(n => $$"""{"role":"user","content":"message {{n}}{{rest}}","timestamp":"2025-01-05T09:30:00Z"}"""));
        await File.WriteAllTextAsync(Path.Combine(root, "long.json"), $$"""{"id":"long","owner":"ada","messages":[{{lines}}]}""");
        await using var store = OpenedStore.At(root);

        var whole = await store.ReadAsync("long", limit: ReadQuery.AllMessages);

        Assert.IsNotType<List<ConversationMessage>>(whole.Messages);
        Assert.Equal(count, whole.Messages.Count);
        Assert.Equal(Enumerable.Range(0, count).Select(n => $"message {n}{rest}"), whole.Messages.Select(static message => message.Content));
        Assert.StartsWith("message 0", whole.Topic, StringComparison.Ordinal);

        var bytes = await File.ReadAllBytesAsync(store.FirstSegment);
        var at = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes($"message {count / 2}"));
        using (var segment = File.OpenHandle(store.FirstSegment, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            RandomAccess.Write(segment, "M"u8, at);
        Assert.IsType<ReadOutcome.Damaged>(await store.Store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("long"), Limit = ReadQuery.AllMessages }, CancellationToken.None));
        Assert.Throws<IOException>(() => whole.Messages.Count(static message => message.Content.Length > 0));
    }
}
