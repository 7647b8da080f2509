using ConversationHub.Contracts;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Writing;

public sealed class StoreQuestionTests
{
    [Fact]
    public async Task StoreQuestion_New_IsStoredAndOnTheDiskWhenItReturns()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        var question = store.Question("What changed in the parser?");
        var before = disk.Flushes;

        var outcome = await store.AskAsync(question);

        Assert.Equal(new QuestionOutcome.Stored(ConversationId.Parse("main"), OpenedStore.Ada), outcome);
        Assert.Equal(before + 1, disk.Flushes);
        Assert.Contains("What changed in the parser?", await File.ReadAllTextAsync(store.FirstSegment), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreQuestion_SixtyFourAtOnceWithOneId_IsStoredOnce()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("once");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => store.AskAsync(question))));

        Assert.Single(outcomes.OfType<QuestionOutcome.Stored>());
        Assert.Equal(63, outcomes.OfType<QuestionOutcome.Known>().Count());
        Assert.Single((await store.ReadAsync()).Messages);
        Assert.Single(await File.ReadAllLinesAsync(store.FirstSegment));
    }

    [Fact]
    public async Task StoreQuestion_AnsweredBefore_GivesTheStoredReply()
    {
        await using var store = OpenedStore.New();
        var question = await store.ExchangeAsync("why?", "because");

        var known = Assert.IsType<QuestionOutcome.Known>(await store.AskAsync(question));

        Assert.Equal("because", known.Reply!.Content);
        Assert.Equal(question.OperationId.ToString(), known.Reply.Meta.OperationId);
        Assert.Equal(OpenedStore.BackendId, known.Reply.Meta.BackendId);
    }

    [Fact]
    public async Task StoreQuestion_SameIdOtherFingerprint_IsAMismatch()
    {
        await using var store = OpenedStore.New();
        var question = await store.ExchangeAsync("why?");

        Assert.IsType<QuestionOutcome.FingerprintMismatch>(
            await store.AskAsync(store.Question("why not?", id: question.OperationId)));
    }

    [Fact]
    public async Task StoreQuestion_IdOfAReply_IsAMismatch()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("why?");
        await store.AskAsync(question);
        var reply = Assert.IsType<ReplyOutcome.Stored>(await store.AnswerAsync(OpenedStore.Reply(question, "so"))).Reply;

        Assert.IsType<QuestionOutcome.FingerprintMismatch>(await store.AskAsync(store.Question("why?", id: reply.MessageId)));
    }

    [Fact]
    public async Task StoreQuestion_NoConversationId_MakesTheOneOfTheOperation()
    {
        await using var store = OpenedStore.New();
        var id = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293");

        var stored = Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("x", conversation: null, id: id)));

        Assert.Equal("conv_2026-01-05_ada_406e64f1", stored.ConversationId.ToString());
    }

    [Fact]
    public async Task StoreQuestion_GeneratedIdIsTaken_TakesTheNextEightDigits()
    {
        await using var store = OpenedStore.New();
        var id = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
        await store.ExchangeAsync("another", conversation: "conv_2026-01-05_ada_406e64f1");

        var stored = Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("x", conversation: null, id: id)));

        Assert.Equal(GeneratedConversationId.Create(id, "ada", store.Time.GetUtcNow(), attempt: 1), stored.ConversationId);
    }

    [Fact]
    public async Task StoreQuestion_SharedNamespace_GoesOnWithAnothersConversationWhichStaysTheirs()
    {
        await using var store = OpenedStore.New(StoreNamespace.Shared);
        await store.ExchangeAsync("mine", user: OpenedStore.Ada);

        var stored = Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("ours", user: OpenedStore.Bob)));

        Assert.Equal(OpenedStore.Ada, stored.Owner);
        var document = await store.ReadAsync(owner: OpenedStore.Bob);
        Assert.Equal("ada", document.Owner);
        Assert.Equal(3, document.Messages.Count);
    }

    /// <summary>T69.</summary>
    [Fact]
    public async Task StoreQuestion_NamespacePerUser_KeepsEqualIdsOfTwoUsersApart()
    {
        await using var store = OpenedStore.New(StoreNamespace.PerUser);
        await store.ExchangeAsync("of ada", user: OpenedStore.Ada);
        var sameId = store.Question("of bob", user: OpenedStore.Bob);
        await store.AskAsync(sameId);
        Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("of ada too", user: OpenedStore.Ada, id: sameId.OperationId)));

        Assert.Equal("of ada", (await store.ReadAsync(owner: OpenedStore.Ada)).Topic);
        Assert.Equal("of bob", (await store.ReadAsync(owner: OpenedStore.Bob)).Topic);
        Assert.IsType<ReadOutcome.Ambiguous>(await store.Store.ReadAsync(
            new ReadQuery { Owner = null, ConversationId = ConversationId.Parse("main") }, CancellationToken.None));
        Assert.IsType<ReadOutcome.NotFound>(await store.Store.ReadAsync(
            new ReadQuery { Owner = UserId.Parse("eve"), ConversationId = ConversationId.Parse("main") }, CancellationToken.None));
    }

    [Fact]
    public async Task StoreQuestion_ManyWhileASyncRuns_ShareTheNextSync()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        await store.ExchangeAsync("warm");
        using var gate = new ManualResetEventSlim();
        disk.FlushGate = gate;
        var before = disk.Flushes;

        var first = store.AskAsync(store.Question("first"));
        var others = Enumerable.Range(0, 100).Select(_ => store.AskAsync(store.Question("other"))).ToArray();
        Assert.DoesNotContain(others, static other => other.IsCompleted);
        gate.Set();
        await Task.WhenAll([first, .. others]);

        Assert.InRange(disk.Flushes - before, 1, 2);
        Assert.Equal(103, (await store.ReadAsync()).Messages.Count);
    }

    /// <summary>T63.</summary>
    [Fact]
    public async Task StoreQuestion_FiftyAtOnceInOneNewConversation_LoseNothingAndKeepOneOrder()
    {
        await using var store = OpenedStore.New();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(n => Task.Run(() => store.AskAsync(store.Question($"message {n}")))));

        var shown = (await store.ReadAsync()).Messages.Select(message => message.Content).ToArray();
        Assert.Equal(50, shown.Distinct().Count());
        Assert.Equal(shown, (await store.ReadAsync()).Messages.Select(message => message.Content));
    }

    [Fact]
    public async Task StoreQuestion_BeforeTheSyncReturned_IsNotShown()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        await store.ExchangeAsync("shown");
        using var gate = new ManualResetEventSlim();
        disk.FlushGate = gate;

        var waiting = store.AskAsync(store.Question("not yet"));

        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
        gate.Set();
        await waiting;
        Assert.Equal(3, (await store.ReadAsync()).Messages.Count);
    }

    /// <summary>A segment whose name is not on the disk is gone with the power, whatever was acknowledged in it.</summary>
    [Fact]
    public async Task StoreQuestion_NameOfTheSegmentIsNotSynced_NothingIsAcknowledgedInItUntilARestart()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        disk.FailsToFlushFolderOnce = true;

        var first = await store.AskAsync(store.Question("first"));
        var second = await store.AskAsync(store.Question("second"));

        Assert.IsType<QuestionOutcome.NotCommitted>(first);
        Assert.IsType<QuestionOutcome.NotCommitted>(second);
        Assert.Equal(StoreHealthState.Unavailable, store.Store.Status.Health);
    }

    /// <summary>After a failed sync the system holds bytes for written that are on no disk.</summary>
    [Fact]
    public async Task Open_AfterASyncThatFailed_WritesTheSegmentAgainBeforeItCounts()
    {
        using var folder = new TemporaryFolder();
        var broken = new FaultyDisk();
        await using (var store = OpenedStore.At(folder.Combine("c"), disk: broken))
        {
            await store.ExchangeAsync("kept");
            broken.FailsToFlush = true;
            Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("on no disk")));
            broken.FailsToFlush = false;
        }

        var disk = new FaultyDisk();
        await using (var again = OpenedStore.At(folder.Combine("c"), disk: disk))
        {
            Assert.Equal(new FileInfo(again.FirstSegment).Length, disk.SegmentBytes);
            Assert.InRange(disk.Flushes, 1, 2);
            Assert.Equal(3, (await again.ReadAsync()).Messages.Count);
        }

        var clean = new FaultyDisk();
        await using var third = OpenedStore.At(folder.Combine("c"), disk: clean);
        Assert.Equal(0, clean.SegmentBytes);
    }

    [Fact]
    public async Task StoreQuestion_SyncFails_OutcomeIsUnknownAndNothingIsWrittenAnyMore()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        await store.ExchangeAsync("kept");
        disk.FailsToFlush = true;

        var unknown = Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("lost?")));
        disk.FailsToFlush = false;
        var flushes = disk.Flushes;
        var refused = Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("later")));

        Assert.Equal(StoreFailureKind.OutcomeUnknown, unknown.Failure.Kind);
        Assert.Equal(StoreFailureKind.Unavailable, refused.Failure.Kind);
        Assert.Equal(flushes, disk.Flushes);
        Assert.Equal(StoreHealthState.Unavailable, store.Store.Status.Health);
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task StoreQuestion_DiskFull_IsRefusedReadsGoOnAndItWorksAgainWithRoom()
    {
        using var folder = new Testing.TemporaryFolder();
        var root = folder.Combine("hub");
        var disk = new FaultyDisk();
        await using (var store = OpenedStore.At(root, disk: disk))
        {
            await store.ExchangeAsync("kept");
            disk.IsFull = true;
            var full = Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("no room")));
            Assert.Equal(StoreFailureKind.NoRoom, full.Failure.Kind);
            Assert.Equal(StoreHealthState.Unavailable, store.Store.Status.Health);
            Assert.Equal(2, (await store.ReadAsync()).Messages.Count);

            disk.IsFull = false;
            await store.ExchangeAsync("room again");
            Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
        }

        await using var again = OpenedStore.At(root);
        Assert.Equal(["kept", "Yes.", "room again", "Yes."], (await again.ReadAsync()).Messages.Select(message => message.Content));
        Assert.Equal(StoreHealthState.Healthy, again.Store.Status.Health);
        Assert.False(Directory.Exists(Path.Combine(root, "log", "damaged")));
    }

    [Fact]
    public async Task Health_DiskFullThenRoom_RecoversWithoutAWrite()
    {
        var disk = new FaultyDisk();
        await using var store = OpenedStore.New(disk: disk);
        disk.IsFull = true;
        Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("no room")));
        Assert.Equal(StoreHealthState.Unavailable, store.Store.Status.Health);

        disk.IsFull = false;
        await store.Logger.Records.FirstAsync(static record => record.Event.Id == 2005);

        await store.ExchangeAsync("room");
        Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
    }

    [Fact]
    public async Task StoreReply_Twice_KeepsTheFirst()
    {
        await using var store = OpenedStore.New();
        var question = await store.ExchangeAsync("why?", "first");

        var outcome = await store.AnswerAsync(OpenedStore.Reply(question, "second"));

        Assert.Equal("first", Assert.IsType<ReplyOutcome.AlreadyAnswered>(outcome).Reply.Content);
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task StoreReply_SixtyFourAtOnce_KeepsOneAndGivesItToAll()
    {
        await using var store = OpenedStore.New();
        var question = store.Question("why?");
        await store.AskAsync(question);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => Task.Run(() => store.AnswerAsync(OpenedStore.Reply(question, $"answer {n}")))));

        var kept = Assert.Single(outcomes.OfType<ReplyOutcome.Stored>()).Reply.Content;
        Assert.All(outcomes.OfType<ReplyOutcome.AlreadyAnswered>(), answered => Assert.Equal(kept, answered.Reply.Content));
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task StoreReply_NoSuchQuestion_SaysSo()
    {
        await using var store = OpenedStore.New();

        Assert.IsType<ReplyOutcome.UnknownQuestion>(await store.AnswerAsync(OpenedStore.Reply(store.Question("never asked"), "x")));
    }
}
