using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Search;

public sealed class SearchTests
{
    [Fact]
    public async Task Search_RareWord_RanksTheMessageThatIsAboutItFirst()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("The parser merges two rules when the grammar is ambiguous.", conversation: "a");
        await store.ExchangeAsync("Lunch is at noon, and the parser was mentioned in passing among many other things that nobody will remember.", conversation: "b");
        await store.ExchangeAsync("Deploys happen on Friday.", conversation: "c");

        var found = await store.SearchAsync(Query("parser grammar"));

        Assert.Equal(["a", "b"], found.Select(passage => passage.ConversationId.ToString()));
        Assert.True(found[0].Score > found[1].Score && found[1].Score > 0);
        Assert.Equal(("user", "windsurf"), (found[0].Role, found[0].Surface));
    }

    [Fact]
    public async Task Search_NothingMatches_IsEmpty()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("What is the plan for the week?");

        Assert.Empty(await store.SearchAsync(Query("What is the weather?")));
    }

    [Fact]
    public async Task Search_AnotherOwner_IsNeverShown()
    {
        foreach (var kind in new[] { StoreNamespace.Shared, StoreNamespace.PerUser })
        {
            await using var store = OpenedStore.New(kind);
            await store.ExchangeAsync("the launch code is swordfish", conversation: "a", user: OpenedStore.Ada);
            await store.ExchangeAsync("nothing here", conversation: "b", user: OpenedStore.Bob);

            Assert.Empty(await store.SearchAsync(Query("launch code swordfish") with { Owner = OpenedStore.Bob }));
            Assert.Single(await store.SearchAsync(Query("launch code swordfish") with { Owner = OpenedStore.Ada }));
        }
    }

    [Fact]
    public async Task Search_CurrentQuestion_DoesNotFindItselfNorItsReply()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("The deadline is Tuesday.", conversation: "a");
        var current = await store.ExchangeAsync("When is the deadline?", "The deadline again.", conversation: "b");

        var found = await store.SearchAsync(Query("When is the deadline?") with { Excluding = current.OperationId });

        Assert.Equal("a", Assert.Single(found).ConversationId.ToString());
    }

    [Fact]
    public async Task Search_SurfaceAndDate_LetOnlyTheirOwnPass()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("alpha one", "Done.", surface: OpenedStore.Windsurf);
        var between = store.Time.GetUtcNow();
        await store.ExchangeAsync("alpha two", "Done.", surface: OpenedStore.Browser);

        Assert.Equal(["alpha two"], await Texts(Query("alpha") with { Surface = OpenedStore.Browser }));
        Assert.Equal(["alpha two"], await Texts(Query("alpha") with { From = between }));
        Assert.Equal(["alpha one"], await Texts(Query("alpha") with { To = between }));

        async Task<IEnumerable<string>> Texts(SearchQuery query) => (await store.SearchAsync(query)).Select(passage => passage.Content);
    }

    [Fact]
    public async Task Search_ReplyOfTheRecallAdvisor_IsNotFound()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("unrelated");
        await store.AskAsync(question);
        await store.AnswerAsync(OpenedStore.Reply(question, "quoted words") with { Meta = new MessageMeta { Provider = "offline" } });

        Assert.Empty(await store.SearchAsync(Query("quoted words")));
    }

    [Fact]
    public async Task Search_AfterRestart_FindsTheSame()
    {
        using var folder = new TemporaryFolder();
        await using (var store = OpenedStore.At(folder.Combine("hub")))
            await store.ExchangeAsync("Größe und 日本語の文章", "ok");

        await using var again = OpenedStore.At(folder.Combine("hub"));
        Assert.Single(await again.SearchAsync(Query("GRÖSSE größe")));
        Assert.Single(await again.SearchAsync(Query("日本")));
    }

    [Fact]
    public async Task Search_WhileOthersWrite_NeverFails()
    {
        await using var store = OpenedStore.New();
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 50; n++)
                await store.AskAsync(store.Question($"needle {writer} {n}", $"c{writer}"));
        })));
        while (!writing.IsCompleted)
            Assert.InRange((await store.SearchAsync(Query("needle") with { Limit = 100 })).Count, 0, 100);
        await writing;

        Assert.Equal(100, (await store.SearchAsync(Query("needle") with { Limit = 100 })).Count);
    }

    private static SearchQuery Query(string text) => new() { Text = text, Owner = OpenedStore.Ada };
}
