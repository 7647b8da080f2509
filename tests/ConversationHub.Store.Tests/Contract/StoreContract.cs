using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>What every store promises, whatever it keeps conversations in: one suite, run on each (issue 3, design.md §7). Each user has an own namespace.</summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    private protected static readonly UserId Ada = OpenedStore.Ada;
    private protected static readonly UserId Bob = OpenedStore.Bob;

    private IdSource? _ids;
    private StoreOpening.Opened? _opened;

    private protected ManualTimeProvider Time { get; } = new();

    private protected IdSource Ids => _ids ??= new IdSource(Time);

    private protected IConversationStore Store => _opened!.Store;

    private protected IConversationArchive Archive => _opened!.Archive;

    private protected IRetentionStore Retention => (IRetentionStore)_opened!.Store;

    public async Task InitializeAsync() => await ReopenAsync();

    public async Task DisposeAsync()
    {
        if (_opened is not null)
            await _opened.Store.DisposeAsync();
        await ReleaseAsync();
    }

    /// <summary>Opens the store of this test; again after it was closed.</summary>
    private protected abstract Task<StoreOpening> OpenAsync();

    private protected abstract Task ReleaseAsync();

    private protected async Task ReopenAsync()
    {
        if (_opened is not null)
            await _opened.Store.DisposeAsync();
        _opened = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
    }

    [ContractFact]
    public async Task Ask_ThenAnswer_IsReadBackAlsoAfterReopening()
    {
        var question = await ExchangeAsync("What changed?", "Two rules.");
        var before = await ReadAsync();
        await ReopenAsync();
        var after = await ReadAsync();

        Assert.Equal(Text(before), Text(after));
        Assert.Equal(("main", "What changed?", "ada", "active"), (after.Id, after.Topic, after.Owner, after.Meta.Status));
        Assert.Equal(["What changed?", "Two rules."], after.Messages.Select(message => message.Content));
        Assert.Equal(question.OperationId.ToString(), after.Messages[0].Id);
        Assert.Equal(question.OperationId.ToString(), after.Messages[1].Meta.OperationId);
        Assert.Equal(OpenedStore.BackendId, after.Messages[1].Meta.BackendId);
        Assert.Equal(after.Messages[0].Timestamp, after.Meta.CreatedAt);
        Assert.Equal(after.Messages[1].Timestamp, after.Meta.UpdatedAt);
    }

    [ContractFact]
    public async Task Ask_AgainWithTheSameId_IsKnownWithItsReplyAndStoredOnce()
    {
        var question = Question("once");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => AskAsync(question))));
        Assert.Single(outcomes.OfType<QuestionOutcome.Stored>());
        Assert.Equal(63, outcomes.OfType<QuestionOutcome.Known>().Count());

        await AnswerAsync(question, "first");
        Assert.Equal("first", Assert.IsType<QuestionOutcome.Known>(await AskAsync(question)).Reply!.Content);
        Assert.IsType<QuestionOutcome.FingerprintMismatch>(
            await AskAsync(question with { Fingerprint = OpenedStore.Fingerprint("other") }));
        Assert.Equal(2, (await ReadAsync()).Messages.Count);
    }

    [ContractFact]
    public async Task Answer_ManyAtOnce_KeepsOneAndGivesItToAll()
    {
        var question = Question("why?");
        Assert.IsType<ReplyOutcome.UnknownQuestion>(await AnswerAsync(question, "too early"));
        await AskAsync(question);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(() => AnswerAsync(question, $"answer {n}"))));

        var kept = Assert.Single(outcomes.OfType<ReplyOutcome.Stored>()).Reply;
        Assert.All(outcomes.OfType<ReplyOutcome.AlreadyAnswered>(), answered => Assert.Equal(kept.Content, answered.Reply.Content));
        Assert.Equal(15, outcomes.OfType<ReplyOutcome.AlreadyAnswered>().Count());
    }

    [ContractFact]
    public async Task Ask_WithoutConversation_MakesTheIdOfTheOperationOrTheNext()
    {
        var id = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
        var stored = Assert.IsType<QuestionOutcome.Stored>(await AskAsync(Question("x", conversation: null, id: id)));
        Assert.Equal("conv_2026-01-05_ada_406e64f1", stored.ConversationId.ToString());

        await AskAsync(Question("of bob", "conv_2026-01-05_bob_406e64f1", Bob));
        var next = Assert.IsType<QuestionOutcome.Stored>(await AskAsync(Question("y", conversation: null, user: Bob, id: id)));
        Assert.Equal(GeneratedConversationId.Create(id, "bob", Time.GetUtcNow(), attempt: 1), next.ConversationId);
    }

    /// <summary>T69.</summary>
    [ContractFact]
    public async Task Users_WithEqualIds_SeeOnlyTheirOwn()
    {
        await ExchangeAsync("of ada", user: Ada);
        await ExchangeAsync("of bob", user: Bob);

        Assert.Equal("of ada", (await ReadAsync(owner: Ada)).Topic);
        Assert.Equal("of bob", (await ReadAsync(owner: Bob)).Topic);
        Assert.IsType<ReadOutcome.Ambiguous>(await Store.ReadAsync(Query(owner: null), CancellationToken.None));
        Assert.IsType<ReadOutcome.NotFound>(await Store.ReadAsync(Query(UserId.Parse("eve")), CancellationToken.None));
    }

    [ContractFact]
    public async Task Read_InPages_WalksBackThroughAllMessagesInOneOrder()
    {
        for (var n = 0; n < 5; n++)
            await ExchangeAsync($"q{n}", $"a{n}");

        var seen = new List<string>();
        OperationId? before = null;
        ConversationDocument page;
        do
        {
            page = Assert.IsType<ReadOutcome.Found>(
                await Store.ReadAsync(Query(Ada) with { Limit = 3, Before = before }, CancellationToken.None)).Conversation;
            seen.InsertRange(0, page.Messages.Select(message => message.Content));
            before = OperationId.Parse(page.Messages[0].Id);
        }
        while (page.Truncated);

        Assert.Equal(["q0", "a0", "q1", "a1", "q2", "a2", "q3", "a3", "q4", "a4"], seen);
        Assert.IsType<ReadOutcome.UnknownMessage>(
            await Store.ReadAsync(Query(Ada) with { Before = Ids.NewOperationId() }, CancellationToken.None));
    }

    [ContractFact]
    public async Task List_InPages_ShowsEveryConversationOnceNewestFirst()
    {
        for (var n = 0; n < 5; n++)
        {
            await ExchangeAsync("q", conversation: $"c{n}", user: Ada);
            await ExchangeAsync("q", conversation: $"c{n}", user: Bob);
        }

        // Several of one time, with two owners of each id.
        await Task.WhenAll(Enumerable.Range(0, 4).SelectMany(n => new[] { Ada, Bob }.Select(user => AskAsync(Question("q", $"same{n}", user)))));
        var seen = new List<(string Id, string Owner, DateTimeOffset At)>();
        string? cursor = null;
        do
        {
            var page = await ListAsync(new ListQuery { Owner = null, Limit = 3, Cursor = cursor });
            seen.AddRange(page.Conversations.Select(one => (one.Id, one.Owner, one.UpdatedAt)));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal((18, 18), (seen.Count, seen.Distinct().Count()));
        Assert.Equal(
            seen.Select(one => (one.At, one.Id)),
            seen.OrderByDescending(one => one.At).ThenBy(one => one.Id, StringComparer.Ordinal).Select(one => (one.At, one.Id)));
        Assert.IsType<ListOutcome.BadCursor>(await Store.ListAsync(new ListQuery { Owner = null, Cursor = "rubbish" }, CancellationToken.None));
        Assert.Equal(9, (await ListAsync(new ListQuery { Owner = Bob })).Conversations.Count);
        Assert.Empty((await ListAsync(new ListQuery { Owner = Ada, Surface = OpenedStore.Browser })).Conversations);
    }

    [ContractFact]
    public async Task Change_Fields_AreShownAndSurviveReopening()
    {
        await ExchangeAsync("q");
        var decision = new ReplyArtifact { Type = "decision", Id = "d-1", Title = "Merge rules", Confidence = 0.5 };
        var changed = Assert.IsType<ChangeOutcome.Changed>(await Archive.ChangeAsync(
            Change() with { Title = "Rules", Status = ConversationStatus.Closed, AddTags = ["b", "a"], LinkArtifacts = [decision] }, CancellationToken.None));
        await Archive.ChangeAsync(Change() with { RemoveTags = ["b"] }, CancellationToken.None);
        await ReopenAsync();

        var document = await ReadAsync();
        Assert.Equal(("Rules", "Rules", "closed"), (changed.Conversation.Topic, document.Topic, document.Meta.Status));
        Assert.Equal(["a", "b"], changed.Conversation.Tags);
        Assert.Equal(["a"], document.Tags);
        Assert.Equal(("decision", "d-1", "Merge rules", 0.5), document.Artifacts.Select(one => (one.Type, one.Id, one.Title, one.Confidence)).Single());
        Assert.Single((await ListAsync(new ListQuery { Owner = null, Status = ConversationStatus.Closed })).Conversations);
        Assert.Empty((await ListAsync(new ListQuery { Owner = null })).Conversations);
        Assert.IsType<ChangeOutcome.NotFound>(
            await Archive.ChangeAsync(Change() with { ConversationId = ConversationId.Parse("never"), Title = "x" }, CancellationToken.None));
    }

    /// <summary>T70.</summary>
    [ContractFact]
    public async Task Erase_Conversation_IsGoneForGoodAndGivesOneReceipt()
    {
        var question = await ExchangeAsync("swordfish");
        await ExchangeAsync("kept", conversation: "other");
        var receipt = Assert.IsType<EraseOutcome.Erased>(await EraseAsync("main"));
        Assert.Null(await Archive.CompactAsync(CancellationToken.None));
        await ReopenAsync();

        Assert.Equal(2, receipt.MessagesErased);
        Assert.Equal(receipt, await EraseAsync("main"));
        Assert.IsType<EraseOutcome.NotFound>(await EraseAsync("never"));
        Assert.IsType<ReadOutcome.Erased>(await Store.ReadAsync(Query(Ada), CancellationToken.None));
        Assert.IsType<QuestionOutcome.Erased>(await AskAsync(Question("new")));
        Assert.IsType<QuestionOutcome.Erased>(await AskAsync(question));
        Assert.IsType<ReplyOutcome.Erased>(await AnswerAsync(question, "late"));
        Assert.IsType<ChangeOutcome.Erased>(await Archive.ChangeAsync(Change() with { Title = "x" }, CancellationToken.None));
        Assert.Empty(await SearchAsync("swordfish", Ada));
        Assert.Equal(["other"], (await ListAsync(new ListQuery { Owner = null })).Conversations.Select(one => one.Id));
    }

    [ContractFact]
    public async Task Erase_User_RemovesAllOfTheirsAndNothingElse()
    {
        await ExchangeAsync("swordfish", conversation: "a");
        await ExchangeAsync("swordfish", conversation: "b");
        await ExchangeAsync("bob's swordfish", conversation: "a", user: Bob);

        Assert.Equal(2, Assert.IsType<EraseUserOutcome.Erased>(await Archive.EraseUserAsync(Ada, CancellationToken.None)).ConversationsErased);

        Assert.Equal("bob's swordfish", Assert.Single(await SearchAsync("swordfish", owner: null)).Content);
        Assert.IsType<QuestionOutcome.Erased>(await AskAsync(Question("again", "a")));
        Assert.IsType<QuestionOutcome.Stored>(await AskAsync(Question("a new one", "c")));
        Assert.Equal(0, Assert.IsType<EraseUserOutcome.Erased>(
            await Archive.EraseUserAsync(UserId.Parse("nobody"), CancellationToken.None)).ConversationsErased);
    }

    [ContractFact]
    public async Task Search_Words_RanksFiltersAndKeepsUsersApart()
    {
        await ExchangeAsync("The parser merges two rules when the grammar is ambiguous.", "Done.", "a");
        await ExchangeAsync("Lunch is at noon, and the parser was mentioned in passing among many other things.", "Done.", "b");
        await ExchangeAsync("Größe, 日本語 and it's 100% 'quoted' & | ! :* \\ words", "Done.", "c");
        await ExchangeAsync("parser grammar of bob", "Done.", "d", Bob);
        var current = await ExchangeAsync("parser grammar?", "Done.", "e");

        var found = await SearchAsync("Parser GRAMMAR", Ada, excluding: current.OperationId);
        Assert.Equal(["a", "b"], found.Select(passage => passage.ConversationId.ToString()));
        Assert.True(found[0].Score > found[1].Score && found[1].Score > 0);
        Assert.Equal("c", Assert.Single(await SearchAsync("GRÖSSE größe", Ada)).ConversationId.ToString());
        Assert.Equal("c", Assert.Single(await SearchAsync("日本", Ada)).ConversationId.ToString());
        Assert.Equal("c", Assert.Single(await SearchAsync("'quoted' & | ! :* \\", Ada)).ConversationId.ToString());
        Assert.Empty(await SearchAsync("What is the weather?", Ada));
        Assert.Empty(await SearchAsync("?!", Ada));
    }

    [ContractFact]
    public async Task Export_User_GivesEachConversationWholeById()
    {
        await ExchangeAsync("one", conversation: "b");
        await ExchangeAsync("two", conversation: "a");
        await ExchangeAsync("bob's", conversation: "a", user: Bob);

        var exported = new List<ConversationDocument>();
        await foreach (var outcome in Archive.ExportAsync(Ada, CancellationToken.None))
            exported.Add(Assert.IsType<ReadOutcome.Found>(outcome).Conversation);

        Assert.Equal(["a", "b"], exported.Select(one => one.Id));
        Assert.All(exported, static one => Assert.Equal(("ada", 2), (one.Owner, one.Messages.Count)));
    }

    [ContractFact]
    public async Task Search_SurfaceAndDates_LetOnlyThosePass()
    {
        await ExchangeAsync("parser one", conversation: "a");
        Time.Advance(TimeSpan.FromHours(1));
        var between = Time.GetUtcNow();
        await AskAsync(Question("parser two", "b") with { Surface = OpenedStore.Browser });

        Assert.Equal(["b"], await FoundAsync(query => query with { Surface = OpenedStore.Browser }));
        Assert.Equal(["b"], await FoundAsync(query => query with { From = between }));
        Assert.Equal(["a"], await FoundAsync(query => query with { To = between }));
        Assert.Equal(["b"], await FoundAsync(query => query with { From = between, To = between.AddHours(1) }));
        Assert.Single(await FoundAsync(query => query with { Limit = 1 }));
        Assert.Empty(await FoundAsync(query => query with { From = between.AddHours(1) }));

        async Task<IEnumerable<string>> FoundAsync(Func<SearchQuery, SearchQuery> filter) =>
            Assert.IsType<SearchOutcome.Ranked>(await Store.SearchAsync(
                filter(new SearchQuery { Text = "parser", Owner = Ada }), CancellationToken.None)).Passages.Select(passage => passage.ConversationId.ToString());
    }

    /// <summary>Decision 45: what is kept on this backend must not leave as a quotation in another conversation.</summary>
    [ContractFact]
    public async Task Search_QuotedElsewhere_FindsNothingOfAConversationThatIsKeptHere()
    {
        await ExchangeAsync("parser of the kept one", conversation: "main");
        await ExchangeAsync("parser of the other one", conversation: "other");
        await ExchangeAsync("parser of bob", conversation: "main", user: Bob);
        await Archive.ChangeAsync(Change() with { AddTags = ["local_only"] }, CancellationToken.None);

        Assert.Equal(["other"], await FoundAsync(Ada, "elsewhere"));
        Assert.Equal(["main", "other"], await FoundAsync(Ada, "main"));
        Assert.Equal(["main", "other"], await FoundAsync(Ada, null));
        Assert.Equal(["main"], await FoundAsync(Bob, "elsewhere"));
        await ReopenAsync();
        Assert.Equal(["other"], await FoundAsync(Ada, "elsewhere"));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        await Archive.ChangeAsync(Change() with { RemoveTags = ["local_only"] }, CancellationToken.None);
        Assert.Equal(["main", "other"], await FoundAsync(Ada, "elsewhere"));

        async Task<IEnumerable<string>> FoundAsync(UserId owner, string? place) =>
            Assert.IsType<SearchOutcome.Ranked>(await Store.SearchAsync(
                new SearchQuery { Text = "parser", Owner = owner, QuotedIn = place is null ? null : ConversationId.Parse(place) }, CancellationToken.None))
                .Passages.Select(static passage => passage.ConversationId.ToString()).Order();
    }

    [ContractFact]
    public async Task Change_UnlinkAndRemove_AreNamedByTheirIdsAndTheLaterWins()
    {
        await ExchangeAsync("q");
        var file = new ReplyArtifact { Type = "file", Id = "a:b", Title = "x", Confidence = 1 };
        await Archive.ChangeAsync(Change() with { AddTags = ["a"], LinkArtifacts = [file] }, CancellationToken.None);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await Archive.ChangeAsync(Change() with { RemoveTags = ["a"], UnlinkArtifacts = [new ReplyArtifact { Type = "file", Id = "a:b" }] }, CancellationToken.None);
        Assert.Equal((0, 0), ((await ReadAsync()).Tags.Count, (await ReadAsync()).Artifacts.Count));

        var again = Assert.IsType<ChangeOutcome.Changed>(await Archive.ChangeAsync(Change() with { AddTags = ["a"] }, CancellationToken.None));
        var nothing = Assert.IsType<ChangeOutcome.Changed>(await Archive.ChangeAsync(Change(), CancellationToken.None));

        Assert.Equal(["a"], (await ReadAsync()).Tags);
        Assert.Equal((again.Conversation.UpdatedAt, again.Conversation.MessageCount), (nothing.Conversation.UpdatedAt, nothing.Conversation.MessageCount));
        Assert.IsType<ChangeOutcome.NotFound>(await Archive.ChangeAsync(Change() with { Owner = Bob, Title = "x" }, CancellationToken.None));
        Assert.Equal("q", (await ReadAsync()).Topic);
    }

    /// <summary>Two processes over one store cannot both answer a question; a store that one process has to itself needs no leases.</summary>
    [ContractFact]
    public async Task Lease_OfAQuestion_IsFreeForItsHolderAndFreeAgainAfterwards()
    {
        var question = Ids.NewOperationId();
        var leases = _opened!.Leases;

        Assert.IsType<LeaseOutcome.Taken>(await leases.TryTakeAsync(Ada, question, CancellationToken.None));
        Assert.IsType<LeaseOutcome.Taken>(await leases.TryTakeAsync(Ada, question, CancellationToken.None));
        await leases.ReleaseAsync(Ada, question);
        await leases.ReleaseAsync(Ada, question);
        Assert.IsType<LeaseOutcome.Taken>(await leases.TryTakeAsync(Ada, question, CancellationToken.None));
    }

    /// <summary>
    /// The proof of issue 3: 64 writers at once. <c>MAESTRA_STORE_MESSAGES=100000</c> is the record; CI writes 1,920.
    /// Each writer has a conversation of its own and all have one together, so that the order is known and both stores are held to the same.
    /// </summary>
    [ContractFact]
    public async Task Ask_SixtyFourWriters_AllIsThereInTheOrderThatBothStoresAgreeOn()
    {
        const int Writers = 64;
        var total = int.Parse(Environment.GetEnvironmentVariable("MAESTRA_STORE_MESSAGES") ?? "1920", System.Globalization.CultureInfo.InvariantCulture);
        var each = total / Writers;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < each; n++)
                Assert.IsType<QuestionOutcome.Stored>(await AskAsync(Question($"{writer} {n:D6}", n % 2 == 0 ? $"own{writer}" : "shared")));
        })));
        await ReopenAsync();

        var expected = Enumerable.Range(0, each).ToArray();
        var shared = await AllAsync("shared");
        Assert.Equal(Writers * (each / 2), shared.Count);
        for (var writer = 0; writer < Writers; writer++)
        {
            var own = await AllAsync($"own{writer}");
            Assert.Equal(expected.Where(static n => n % 2 == 0).Select(n => $"{writer} {n:D6}"), own);
            Assert.Equal(expected.Where(static n => n % 2 == 1).Select(n => $"{writer} {n:D6}"), shared.Where(text => text.StartsWith($"{writer} ", StringComparison.Ordinal)));
        }

        Assert.Equal(shared, await PagedAsync("shared"));

        async Task<List<string>> AllAsync(string conversation) => [.. Assert.IsType<ReadOutcome.Found>(await Store.ReadAsync(
            new ReadQuery { Owner = Ada, ConversationId = ConversationId.Parse(conversation), Limit = ReadQuery.AllMessages }, CancellationToken.None))
            .Conversation.Messages.Select(message => message.Content)];

        async Task<List<string>> PagedAsync(string conversation)
        {
            var seen = new List<string>();
            var query = new ReadQuery { Owner = Ada, ConversationId = ConversationId.Parse(conversation), Limit = 777 };
            while (true)
            {
                var page = Assert.IsType<ReadOutcome.Found>(await Store.ReadAsync(query, CancellationToken.None)).Conversation;
                seen.InsertRange(0, page.Messages.Select(message => message.Content));
                if (!page.Truncated)
                    return seen;
                query = query with { Before = OperationId.Parse(page.Messages[0].Id) };
            }
        }
    }

    /// <summary>T63.</summary>
    [ContractFact]
    public async Task Ask_SixtyFourAtOnce_LosesNothingAndKeepsOneOrder()
    {
        await Task.WhenAll(Enumerable.Range(0, 64).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
                Assert.IsType<QuestionOutcome.Stored>(await AskAsync(Question($"{writer} {n}", $"c{n % 3}")));
        })));
        var before = await Task.WhenAll(Enumerable.Range(0, 3).Select(n => ReadAsync($"c{n}")));
        await ReopenAsync();
        var after = await Task.WhenAll(Enumerable.Range(0, 3).Select(n => ReadAsync($"c{n}")));

        Assert.Equal(640, before.Sum(one => one.Messages.Select(message => message.Content).Distinct().Count()));
        Assert.Equal(before.Select(Text), after.Select(Text));

        // One writer's messages stand in the order in which it was acknowledged.
        foreach (var document in after)
        {
            foreach (var ofWriter in document.Messages.GroupBy(message => message.Content.Split(' ')[0]))
                Assert.Equal(ofWriter.Select(message => message.Content).Order(StringComparer.Ordinal), ofWriter.Select(message => message.Content));
        }
    }

    private protected static string Text(ConversationDocument document) =>
        System.Text.Json.JsonSerializer.Serialize(document, MaestraJson.Readable.ConversationDocument);

    private protected QuestionDraft Question(string message, string? conversation = "main", UserId? user = null, OperationId? id = null) => new()
    {
        User = user ?? Ada,
        OperationId = id ?? Ids.NewOperationId(),
        ConversationId = conversation is null ? null : ConversationId.Parse(conversation),
        Message = message,
        Surface = OpenedStore.Windsurf,
        ModeHint = null,
        FilePath = "src/Parser.cs",
        Fingerprint = OpenedStore.Fingerprint(message),
    };

    private protected Task<QuestionOutcome> AskAsync(QuestionDraft question) => Store.StoreQuestionAsync(question, CancellationToken.None);

    private protected Task<ReplyOutcome> AnswerAsync(QuestionDraft question, string content) =>
        Store.StoreReplyAsync(OpenedStore.Reply(question, content), CancellationToken.None);

    private protected async Task<QuestionDraft> ExchangeAsync(string message, string reply = "Yes.", string conversation = "main", UserId? user = null)
    {
        var question = Question(message, conversation, user);
        Assert.IsType<QuestionOutcome.Stored>(await AskAsync(question));
        Time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.IsType<ReplyOutcome.Stored>(await AnswerAsync(question, reply));
        Time.Advance(TimeSpan.FromMilliseconds(10));
        return question;
    }

    private protected async Task<ConversationDocument> ReadAsync(string conversation = "main", UserId? owner = null) =>
        Assert.IsType<ReadOutcome.Found>(await Store.ReadAsync(
            new ReadQuery { Owner = owner ?? Ada, ConversationId = ConversationId.Parse(conversation) }, CancellationToken.None)).Conversation;

    private Task<EraseOutcome> EraseAsync(string conversation) =>
        Archive.EraseConversationAsync(Ada, ConversationId.Parse(conversation), CancellationToken.None);

    private async Task<ConversationPage> ListAsync(ListQuery query) =>
        Assert.IsType<ListOutcome.Listed>(await Store.ListAsync(query, CancellationToken.None)).Page;

    private async Task<IReadOnlyList<Passage>> SearchAsync(string text, UserId? owner, OperationId? excluding = null) =>
        Assert.IsType<SearchOutcome.Ranked>(await Store.SearchAsync(
            new SearchQuery { Text = text, Owner = owner, Excluding = excluding }, CancellationToken.None)).Passages;

    private static ReadQuery Query(UserId? owner) => new() { Owner = owner, ConversationId = ConversationId.Parse("main") };

    private static ConversationChange Change() => new() { Owner = Ada, ConversationId = ConversationId.Parse("main") };
}
