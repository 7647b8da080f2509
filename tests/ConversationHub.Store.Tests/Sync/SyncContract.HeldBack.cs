using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Testing.Postgres;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>What is held back because its clock is ahead (wire.md §9.5), and copies of one operation that an erasure must all reach.</summary>
public abstract partial class SyncContract
{
    /// <summary>A laptop six minutes ahead asked, was answered and died: its hub asks the cloud the same again, which must not run it again in silence.</summary>
    [ContractFact]
    public async Task Ask_AQuestionThatIsHeldBackWithItsReply_IsKnownWithIt()
    {
        var question = await Local.AskAsync("asked too early");
        await Cloud.ApplyAsync(Ahead((await Local.MissingAsync(Cloud)).Operations));
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.Equal((2, ""), (Cloud.Sync.Quarantined, await Cloud.TranscriptAsync()));

        var known = Assert.IsType<QuestionOutcome.Known>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None));

        Assert.Equal(("main", "Yes."), (known.ConversationId.ToString(), known.Reply?.Content));
        Assert.IsType<QuestionOutcome.FingerprintMismatch>(await Cloud.Store.StoreQuestionAsync(
            question with { Message = "another", Fingerprint = OpenedStore.Fingerprint("another") }, CancellationToken.None));
        Assert.Equal(2, (await Cloud.HaveAsync()).Values.Sum());
    }

    /// <summary>Without its reply it is told as known, gets one here, and stays one question when time has caught up.</summary>
    [ContractFact]
    public async Task Ask_AQuestionThatIsHeldBackWithoutAReply_IsResumedAndStaysOne()
    {
        var question = await Local.AskAsync("asked too early", answer: null);
        await Cloud.ApplyAsync(Ahead((await Local.MissingAsync(Cloud)).Operations));

        var known = Assert.IsType<QuestionOutcome.Known>(
            await Cloud.Store.StoreQuestionAsync(question with { ConversationId = null }, CancellationToken.None));
        Assert.Null(known.Reply);
        Assert.Equal("main", known.ConversationId.ToString());
        Assert.IsType<ReplyOutcome.Stored>(await Cloud.Store.StoreReplyAsync(OpenedStore.Reply(question, "Here."), CancellationToken.None));
        Assert.Equal("asked too early|Here.", await Cloud.TranscriptAsync());
        Assert.Equal("Here.", Assert.IsType<QuestionOutcome.Known>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None)).Reply?.Content);

        Time.Advance(TimeSpan.FromMinutes(2));
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.Equal((0, "asked too early|Here."), (Cloud.Sync.Quarantined, await Cloud.TranscriptAsync()));
        Assert.Equal("Here.", Assert.IsType<QuestionOutcome.Known>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None)).Reply?.Content);
        await Local.PullAsync(Cloud);
        Assert.Equal(await Cloud.DigestAsync(), await Local.DigestAsync());
    }

    /// <summary>Only the reply's clock, a little later, is beyond the limit.</summary>
    [ContractFact]
    public async Task Ask_AQuestionWhoseReplyIsHeldBack_IsKnownWithIt()
    {
        var question = await Local.AskAsync("just in time");
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        await Cloud.ApplyAsync([batch[0], .. Ahead([batch[1]])]);
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.Equal((1, "just in time"), (Cloud.Sync.Quarantined, await Cloud.TranscriptAsync()));

        var known = Assert.IsType<QuestionOutcome.Known>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None));
        var again = Assert.IsType<ReplyOutcome.AlreadyAnswered>(
            await Cloud.Store.StoreReplyAsync(OpenedStore.Reply(question, "A second one."), CancellationToken.None));

        Assert.Equal(("Yes.", "Yes."), (known.Reply?.Content, again.Reply.Content));
    }

    /// <summary>T70: what is held back of an erased conversation is erased too, and its text does not go on to others.</summary>
    [ContractFact]
    public async Task Ask_AQuestionThatIsHeldBackAndErased_IsErased()
    {
        var question = await Local.AskAsync("asked too early");
        var batch = Ahead((await Local.MissingAsync(Cloud)).Operations);
        await Cloud.AskAsync("there before");
        await Cloud.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("main"), CancellationToken.None);

        await Cloud.ApplyAsync(batch);

        Assert.IsType<QuestionOutcome.Erased>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None));
        Assert.DoesNotContain((await Missing()).Operations, static one => one.Message is not null);

        async Task<SyncBatch> Missing() =>
            (await Cloud.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!;
    }

    /// <summary>
    /// One operation id is one operation: a user's erasure that covers the copy that is shown covers the one with a later clock,
    /// in whatever order the three arrive. Else its text would stay, and go on to others.
    /// </summary>
    [ContractFact]
    public async Task Erase_AUserOfWhomACopyHasALaterClock_ErasesEveryCopyInEveryOrder()
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for (var n = 0; n < orders.Length; n++)
        {
            var user = string.Create(CultureInfo.InvariantCulture, $"user{n}");
            var id = Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"019b8d7d-0000-7000-8000-00000000000{n}"));
            SyncOperation[] all =
            [
                Copy(user, id, origin: n, 1, minutes: 0), Copy(user, id, origin: n, 2, minutes: 2),
                At(user, Guid.Parse(id.ToString().Replace("8000-0", "8000-1", StringComparison.Ordinal)), n, 3, minutes: 1) with
                {
                    Kind = OperationKind.Erase, ConversationId = null, Erase = new EraseBody { Scope = "user", Timestamp = Time.GetUtcNow() },
                },
            ];
            foreach (var at in orders[n])
                Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync([all[at]]));

            var left = (await Cloud.Sync.ReadMissingAsync(SyncScope.Of([user]), new Dictionary<string, long>(), CancellationToken.None)).Batch!;
            Assert.Equal(3, left.Operations.Count);
            Assert.All(left.Operations, one => Assert.True(one.Message is null, $"order {string.Join(',', orders[n])}: a copy kept its text"));
        }
    }

    private SyncOperation Copy(string user, Guid id, int origin, int copy, int minutes) => At(user, id, origin, copy, minutes) with
    {
        Message = new MessageBody
        {
            Role = MessageRole.User,
            Content = "to be erased",
            Surface = "windsurf",
            Mode = null,
            Timestamp = Time.GetUtcNow(),
            Meta = new MessageMeta(),
        },
    };

    private SyncOperation At(string user, Guid id, int origin, int copy, int minutes) => new()
    {
        Id = id,
        Kind = OperationKind.Message,
        UserId = user,
        ConversationId = "main",
        Origin = string.Create(CultureInfo.InvariantCulture, $"local_sha256_00000000000000aa~000000{copy}{origin}"),
        Seq = 1,
        Hlc = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromMinutes(minutes)).ToUnixTimeMilliseconds(), 0).ToString(),
    };

    /// <summary>Nobody sees yet that a peer whose clock is ahead has gone on with it; retention must not erase it meanwhile (decision 55).</summary>
    [ContractFact]
    public async Task Retention_OfAConversationGoneOnWithAheadOfTime_LeavesIt()
    {
        await Local.AskAsync("long ago");
        await Cloud.PullAsync(Local);
        var untouched = new UntouchedConversation(OpenedStore.Ada, ConversationId.Parse("main"));
        Time.Advance(TimeSpan.FromHours(2));
        var before = Time.GetUtcNow() - TimeSpan.FromHours(1);
        var retention = (IRetentionStore)Cloud.Store;
        Assert.Equal([untouched], await FindAsync());

        await Local.AskAsync("today");
        await Cloud.ApplyAsync(Ahead((await Local.MissingAsync(Cloud)).Operations));
        Assert.Empty(await FindAsync());
        Assert.IsType<EraseOutcome.NotFound>(await retention.EraseUntouchedAsync(untouched, before, CancellationToken.None));
        Time.Advance(TimeSpan.FromMinutes(3));
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.Equal("long ago|Yes.|today|Yes.", await Cloud.TranscriptAsync());

        async Task<IReadOnlyList<UntouchedConversation>> FindAsync() =>
            (await retention.FindUntouchedAsync(before, 10, new HashSet<string>(), CancellationToken.None)).Found!;
    }

    /// <summary>
    /// What its owner goes on with and keeps to himself comes as mere places: the peer's retention must not take it for untouched, or its
    /// erasure would beat every message of today (decisions 45 and 55).
    /// </summary>
    [ContractFact]
    public async Task Retention_AtThePeerOfAConversationThatIsKeptHere_LeavesIt()
    {
        await Local.AskAsync("long ago");
        await Cloud.PullAsync(Local);
        await Local.ChangeAsync(change => change with { AddTags = ["local_only"] }, "main");
        Time.Advance(TimeSpan.FromHours(2));
        await Local.AskAsync("today");
        await Cloud.PullAsync(Local);
        var retention = (IRetentionStore)Cloud.Store;

        var (found, _) = await retention.FindUntouchedAsync(Time.GetUtcNow() - TimeSpan.FromHours(1), 10, new HashSet<string>(), CancellationToken.None);
        Assert.Empty(found!);
        var (later, _) = await retention.FindUntouchedAsync(Time.GetUtcNow() + TimeSpan.FromHours(1), 10, new HashSet<string>(), CancellationToken.None);
        Assert.Single(later!);
    }

    /// <summary>Nobody sees it yet, and its owner may have it erased all the same: its text must not appear when time has caught up.</summary>
    [ContractFact]
    public async Task Erase_AConversationThatIsHeldBackAlone_IsErasedForGood()
    {
        var question = await Local.AskAsync("asked too early");
        await Cloud.ApplyAsync(Ahead((await Local.MissingAsync(Cloud)).Operations));
        Assert.IsType<ReadOutcome.NotFound>(await Cloud.ReadAsync());
        var main = ConversationId.Parse("main");
        Assert.IsType<EraseOutcome.NotFound>(await Cloud.Archive.EraseConversationAsync(OpenedStore.Bob, main, CancellationToken.None));
        Assert.IsType<EraseOutcome.NotFound>(await Cloud.Archive.EraseConversationAsync(null, ConversationId.Parse("never"), CancellationToken.None));

        var first = Assert.IsType<EraseOutcome.Erased>(await Cloud.Archive.EraseConversationAsync(null, main, CancellationToken.None));
        var again = Assert.IsType<EraseOutcome.Erased>(await Cloud.Archive.EraseConversationAsync(OpenedStore.Ada, main, CancellationToken.None));

        Assert.Equal((first.OperationId, OpenedStore.Ada), (again.OperationId, again.Owner));
        Assert.IsType<QuestionOutcome.Erased>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None));
        Time.Advance(TimeSpan.FromMinutes(7));
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.IsType<ReadOutcome.Erased>(await Cloud.ReadAsync());
        var left = (await Cloud.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!;
        Assert.Single(left.Operations, static one => one.Kind == OperationKind.Erase);
        Assert.DoesNotContain(left.Operations, static one => one.Message is not null);
    }

    /// <summary>Places that a peer kept to itself long ago hold nobody's conversations back any more, however many there are.</summary>
    [ContractFact]
    public async Task Retention_OfAUserWithPlacesOfLongAgo_FindsWhatIsOld()
    {
        await Local.AskAsync("kept", "kept");
        await Local.ChangeAsync(change => change with { AddTags = ["local_only"] }, "kept");
        await Local.AskAsync("long ago");
        await Cloud.AskAsync("of bob", "bobs", OpenedStore.Bob);
        await Cloud.PullAsync(Local);
        Time.Advance(TimeSpan.FromHours(2));
        var retention = (IRetentionStore)Cloud.Store;

        Assert.Equal(["ada/main", "bob/bobs"], await FindAsync());
        await Local.AskAsync("kept, today", "kept");
        await Cloud.PullAsync(Local);
        Assert.Equal(["bob/bobs"], await FindAsync());

        async Task<IEnumerable<string>> FindAsync() =>
            (await retention.FindUntouchedAsync(Time.GetUtcNow() - TimeSpan.FromHours(1), 10, new HashSet<string>(), CancellationToken.None)).Found!
                .Select(one => $"{one.Owner}/{one.Id}").Order(StringComparer.Ordinal);
    }

    /// <summary>The same, as if made six minutes from now.</summary>
    private List<SyncOperation> Ahead(IReadOnlyList<SyncOperation> batch)
    {
        var ahead = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromMinutes(6)).ToUnixTimeMilliseconds(), 0).Value;
        return [.. batch.Select((one, at) => one with { Hlc = new HybridTimestamp(ahead + (ulong)at).ToString() })];
    }
}
