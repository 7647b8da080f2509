using ConversationHub.Contracts;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Writing;

/// <summary>A question and its reply that become durable together (docs/decisions/0052).</summary>
public sealed class StoreExchangeTests
{
    [Fact]
    public async Task StoreExchange_New_StoresBothWithOneFlush()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        var question = store.Question("why?");
        var before = disk.Flushes;

        var (outcome, reply) = await ExchangeAsync(store, question, "because");

        Assert.Equal(new QuestionOutcome.Stored(ConversationId.Parse("main"), OpenedStore.Ada), outcome);
        Assert.Equal(before + 1, disk.Flushes);
        var messages = (await store.ReadAsync()).Messages;
        Assert.Equal(["why?", "because"], messages.Select(message => message.Content));
        Assert.Equal("because", reply!.Content);
        Assert.Equal(question.OperationId.ToString(), reply.Meta.OperationId);
        Assert.Equal(OpenedStore.BackendId, reply.Meta.BackendId);
        Assert.Equal(reply, Assert.IsType<QuestionOutcome.Known>(await store.AskAsync(question)).Reply);
    }

    [Fact]
    public async Task StoreExchange_AnsweredBefore_GivesTheStoredReplyAndMakesNone()
    {
        await using var store = OpenedStore.New();
        var question = await store.ExchangeAsync("why?", "because");

        var (outcome, reply) = await Exchanges(store).StoreExchangeAsync(question, NoAnswer, CancellationToken.None);

        Assert.Equal("because", Assert.IsType<QuestionOutcome.Known>(outcome).Reply!.Content);
        Assert.Null(reply);
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task StoreExchange_StoredWithoutAReply_IsKnownAndNothingIsAdded()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("why?");
        await store.AskAsync(question);

        var (outcome, reply) = await Exchanges(store).StoreExchangeAsync(question, NoAnswer, CancellationToken.None);

        Assert.Null(Assert.IsType<QuestionOutcome.Known>(outcome).Reply);
        Assert.Null(reply);
        Assert.Single((await store.ReadAsync()).Messages);
    }

    [Fact]
    public async Task StoreExchange_NoAnswer_StoresTheQuestionAlone()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("why?");

        var (outcome, reply) = await Exchanges(store).StoreExchangeAsync(question, () => Task.FromResult<ReplyDraft?>(null), CancellationToken.None);

        Assert.IsType<QuestionOutcome.Stored>(outcome);
        Assert.Null(reply);
        Assert.Equal("why?", Assert.Single((await store.ReadAsync()).Messages).Content);
    }

    [Fact]
    public async Task StoreExchange_SixtyFourAtOnceWithOneId_IsStoredOnceAndAllGiveOneReply()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("once");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(number => Task.Run(() => ExchangeAsync(store, question, $"answer {number}"))));

        var stored = Assert.Single(outcomes, outcome => outcome.Reply is not null);
        Assert.IsType<QuestionOutcome.Stored>(stored.Question);
        Assert.All(outcomes.Where(outcome => outcome.Reply is null), outcome =>
            Assert.Equal(stored.Reply!.Content, Assert.IsType<QuestionOutcome.Known>(outcome.Question).Reply!.Content));
        Assert.Equal(2, (await File.ReadAllLinesAsync(store.FirstSegment)).Length);
    }

    [Fact]
    public async Task StoreExchange_CutWithinTheReply_LeavesTheQuestionWhichIsKnownWithoutOne()
    {
        using var folder = new TemporaryFolder();
        QuestionDraft question;
        await using (var first = OpenedStore.At(folder.Combine("hub")))
        {
            question = first.Question("why?");
            await ExchangeAsync(first, question, "because");
        }

        var segment = Path.Combine(folder.Combine("hub"), "log", "000000000001.jsonl");
        using (var file = new FileStream(segment, FileMode.Open, FileAccess.Write))
            file.SetLength(file.Length - 10);

        await using var second = OpenedStore.At(folder.Combine("hub"));
        var (outcome, _) = await Exchanges(second).StoreExchangeAsync(question, NoAnswer, CancellationToken.None);

        Assert.Null(Assert.IsType<QuestionOutcome.Known>(outcome).Reply);
        Assert.Equal("why?", Assert.Single((await second.ReadAsync()).Messages).Content);
    }

    [Fact]
    public async Task StoreExchange_ErasedConversation_IsErasedAndNothingIsStored()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("before");
        await store.EraseAsync();
        var lines = (await File.ReadAllLinesAsync(store.FirstSegment)).Length;

        var (outcome, reply) = await ExchangeAsync(store, store.Question("after"), "no");

        Assert.IsType<QuestionOutcome.Erased>(outcome);
        Assert.Null(reply);
        Assert.DoesNotContain("after", await File.ReadAllTextAsync(store.FirstSegment), StringComparison.Ordinal);
        Assert.True((await File.ReadAllLinesAsync(store.FirstSegment)).Length <= lines);
    }

    [Fact]
    public async Task StoreExchange_NoRoom_IsRefusedWholeAndTakenOnceThereIs()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        var question = store.Question("why?");
        disk.IsFull = true;

        var (refused, none) = await ExchangeAsync(store, question, "because");
        disk.IsFull = false;
        var (taken, reply) = await ExchangeAsync(store, question, "because");

        Assert.Equal(StoreFailureKind.NoRoom, Assert.IsType<QuestionOutcome.NotCommitted>(refused).Failure.Kind);
        Assert.Null(none);
        Assert.IsType<QuestionOutcome.Stored>(taken);
        Assert.Equal("because", reply!.Content);
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
    }

    private static IExchangeStore Exchanges(OpenedStore store) => (IExchangeStore)store.Store;

    private static Task<(QuestionOutcome Question, StoredReply? Reply)> ExchangeAsync(OpenedStore store, QuestionDraft question, string reply) =>
        Exchanges(store).StoreExchangeAsync(question, () => Task.FromResult<ReplyDraft?>(OpenedStore.Reply(question, reply)), CancellationToken.None);

    private static Task<ReplyDraft?> NoAnswer() => throw new InvalidOperationException("An answer was made to a question that is known.");
}
