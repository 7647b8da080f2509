using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>What two stores that exchange operations promise, whatever they keep them in (wire.md §9.5): one suite, run on each kind.</summary>
public abstract partial class SyncContract : IAsyncLifetime
{
    private const string FirstId = "local_sha256_eed292c6e467c8ef";
    private const string SecondId = "hosted_sha256_584782401a33660a";

    private readonly List<SyncSide> _sides = [];

    private protected ManualTimeProvider Time { get; } = new();

    private protected SyncSide Local => _sides[0];

    private protected SyncSide Cloud => _sides[1];

    public async Task InitializeAsync()
    {
        _sides.Add(new SyncSide(FirstId, Assert.IsType<StoreOpening.Opened>(await OpenAsync(FirstId)), Time));
        _sides.Add(new SyncSide(SecondId, Assert.IsType<StoreOpening.Opened>(await OpenAsync(SecondId)), Time));
    }

    public async Task DisposeAsync()
    {
        foreach (var side in _sides)
            await side.Store.DisposeAsync();
        await ReleaseAsync();
    }

    private protected abstract Task<StoreOpening> OpenAsync(string backendId);

    private protected abstract Task ReleaseAsync();

    /// <summary>T38, T39.</summary>
    [ContractFact]
    public async Task Exchange_BothWays_GivesBothTheSameConversations()
    {
        await Local.AskAsync("from local");
        await Local.ChangeAsync(change => change with { Title = "Rules", AddTags = ["csharp"] });
        await Cloud.AskAsync("from cloud", "other");

        var counts = await Cloud.PullAsync(Local);
        await Local.PullAsync(Cloud);

        Assert.Equal(new SyncCounts(1, 1, 0, 0, 4), counts);
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
        Assert.Equal("from local|Yes.", await Cloud.TranscriptAsync());
        Assert.Equal("Rules", Assert.IsType<ReadOutcome.Found>(await Cloud.ReadAsync()).Conversation.Topic);
    }

    /// <summary>Issue 7, 6: the earlier system's whole conversations, twice, and on two backends that then meet.</summary>
    [ContractFact]
    public async Task Earlier_TheSamePayloadTwiceAndOnBothSides_IsOneConversation()
    {
        const string Peer = "local_sha256_00000000000000aa";
        SyncConversation[] payload =
        [
            new SyncConversation
            {
                ConversationId = "chat of ada@example.com",
                CreatedAt = Time.GetUtcNow(),
                Messages =
                [
                    new SyncMessage { MessageId = "m1", Role = "user", Content = "one", Timestamp = Time.GetUtcNow() },
                    new SyncMessage { MessageId = null, Role = "assistant", Content = "two", Timestamp = Time.GetUtcNow().AddHours(1) },
                    new SyncMessage { MessageId = null, Role = "bot", Content = "three" },
                ],
            },
        ];
        const string Id = "chat_of_ada_example_com";
        using var local = new EarlierIntake(Local.Store, Local.Sync, Time);
        using var cloud = new EarlierIntake(Cloud.Store, Cloud.Sync, Time);
        Task<SyncApplyOutcome> Take(EarlierIntake intake, string receiver) =>
            intake.TakeAsync(SyncScope.Everybody, Peer, receiver, OpenedStore.Ada, payload, CancellationToken.None);

        var first = Assert.IsType<SyncApplyOutcome.Applied>(await Take(local, FirstId)).Counts;
        var have = await Local.HaveAsync();
        var again = Assert.IsType<SyncApplyOutcome.Applied>(await Take(local, FirstId)).Counts;
        Assert.Equal(have, await Local.HaveAsync());
        await Take(cloud, SecondId);
        await Local.PullAsync(Cloud);
        await Cloud.PullAsync(Local);

        Assert.Equal((new SyncCounts(1, 1, 0, 0, 3), new SyncCounts(1, 0, 0, 1, 0)), (first, again));
        Assert.Equal(["one", "three", "two"], (await Local.TranscriptAsync(Id)).Split('|').Order(StringComparer.Ordinal));
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());

        // What was erased does not come back.
        await Local.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse(Id), CancellationToken.None);
        Assert.Equal(0, Assert.IsType<SyncApplyOutcome.Applied>(await Take(local, FirstId)).Counts.Operations);
        Assert.IsType<ReadOutcome.Erased>(await Local.ReadAsync(Id));
    }

    /// <summary>T40.</summary>
    [ContractFact]
    public async Task Exchange_TheSameBatchAgain_ChangesNothing()
    {
        await Local.AskAsync("once");
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        await Cloud.ApplyAsync(batch);
        var before = await Cloud.DigestAsync();

        var again = Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(batch)).Counts;

        Assert.Equal(new SyncCounts(1, 0, 0, 1, 0), again);
        Assert.Equal(before, await Cloud.DigestAsync());
        Assert.Empty((await Cloud.MissingAsync(Local)).Operations);
    }

    /// <summary>T41, T42.</summary>
    [ContractFact]
    public async Task Exchange_WrittenOnBothSidesAtOnce_KeepsAllMessagesAndTheLaterTitle()
    {
        await Local.AskAsync("first");
        await Cloud.PullAsync(Local);
        await Local.AskAsync("on local");
        await Cloud.AskAsync("on cloud");
        await Local.ChangeAsync(change => change with { Title = "earlier" });
        Time.Advance(TimeSpan.FromSeconds(1));
        await Cloud.ChangeAsync(change => change with { Title = "later" });

        await Local.PullAsync(Cloud);
        await Cloud.PullAsync(Local);

        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
        Assert.Equal("first|Yes.|on local|Yes.|on cloud|Yes.", await Local.TranscriptAsync());
        Assert.Equal("later", Assert.IsType<ReadOutcome.Found>(await Local.ReadAsync()).Conversation.Topic);
    }

    /// <summary>T65: a question whose reply was lost on the way is recognised on the other side, with its reply.</summary>
    [ContractFact]
    public async Task Exchange_AQuestionAskedAgainOnTheOtherSide_IsKnownThere()
    {
        var question = await Local.AskAsync("lost on the wire", answer: "the reply");
        await Cloud.PullAsync(Local);

        var known = Assert.IsType<QuestionOutcome.Known>(await Cloud.Store.StoreQuestionAsync(question, CancellationToken.None));

        Assert.Equal("the reply", known.Reply!.Content);
        Assert.IsType<QuestionOutcome.FingerprintMismatch>(await Cloud.Store.StoreQuestionAsync(
            question with { Fingerprint = OpenedStore.Fingerprint("another") }, CancellationToken.None));
    }

    /// <summary>Wire.md §2: answered on both sides, a question is shown once and both replies are kept.</summary>
    [ContractFact]
    public async Task Exchange_OneQuestionAnsweredOnBothSides_IsShownOnceWithBothReplies()
    {
        var question = await Local.AskAsync("which?", answer: "local says");
        await Cloud.AskAsync("which?", id: question.OperationId, answer: "cloud says");

        await Local.PullAsync(Cloud);
        await Cloud.PullAsync(Local);

        Assert.Equal("which?|local says|cloud says", await Local.TranscriptAsync());
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
    }

    /// <summary>T72: what lies beyond a gap is dropped and comes again.</summary>
    [ContractFact]
    public async Task Apply_BeyondAGap_IsDroppedAndComesAgain()
    {
        await Local.AskAsync("one");
        await Local.AskAsync("two");
        var batch = (await Local.MissingAsync(Cloud)).Operations;

        var counts = Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync([batch[0], batch[2], batch[3]])).Counts;

        Assert.Equal(1, counts.Operations);
        Assert.Equal([1L], (await Cloud.HaveAsync()).Values);
        await Cloud.PullAsync(Local);
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
    }

    /// <summary>T72: a batch with one operation outside the scope, or one that is none, changes nothing at all.</summary>
    [ContractFact]
    public async Task Apply_OneOperationOutOfScopeOrInvalid_TakesNothing()
    {
        await Local.AskAsync("of ada");
        await Local.AskAsync("of bob", user: OpenedStore.Bob);
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        var ada = SyncScope.Of(["ada"]);

        Assert.IsType<SyncApplyOutcome.OutOfScope>(await Cloud.ApplyAsync(batch, ada));
        var bad = batch[0] with { Seq = 0 };
        Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([batch[1], bad]));
        Assert.Empty(await Cloud.HaveAsync());

        await Cloud.PullAsync(Local, ada);
        Assert.Equal("of ada|Yes.", await Cloud.TranscriptAsync());
        Assert.IsType<ReadOutcome.NotFound>(await Cloud.ReadAsync(user: OpenedStore.Bob));
    }

    /// <summary>T72: another operation under the same number is refused, whole batch and all.</summary>
    [ContractFact]
    public async Task Apply_AnotherOperationUnderTheSameNumber_IsAConflict()
    {
        await Local.AskAsync("one");
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        await Cloud.ApplyAsync(batch);
        var before = await Cloud.DigestAsync();

        var outcome = await Cloud.ApplyAsync([batch[0] with { Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000099") }]);

        Assert.Equal(batch[0].Origin, Assert.IsType<SyncApplyOutcome.Conflict>(outcome).Origin);
        Assert.Equal(before, await Cloud.DigestAsync());
    }

    /// <summary>T72: a clock six minutes ahead is held, counted and sent on, and shown when time has caught up.</summary>
    [ContractFact]
    public async Task Apply_AClockSixMinutesAhead_IsHeldUntilTimeCatchesUp()
    {
        await Local.AskAsync("now");
        await Cloud.PullAsync(Local);
        await Local.AskAsync("from the future");
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        var ahead = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromMinutes(6)).ToUnixTimeMilliseconds(), 0);
        var moved = batch.Select((one, at) => one with { Hlc = new HybridTimestamp(ahead.Value + (ulong)at).ToString() }).ToList();

        await Cloud.ApplyAsync(moved);
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);

        Assert.Equal((2, "now|Yes."), (Cloud.Sync.Quarantined, await Cloud.TranscriptAsync()));
        Assert.Equal([4L], (await Cloud.HaveAsync()).Values);
        await Cloud.AskAsync("meanwhile");
        var own = (await Cloud.MissingAsync(Local)).Operations[0];
        Assert.True(string.CompareOrdinal(own.Hlc, ahead.ToString()) < 0, "the clock ahead was taken over");

        Time.Advance(TimeSpan.FromMinutes(2));
        await Cloud.Sync.ReleaseDueAsync(CancellationToken.None);
        Assert.Equal((0, "now|Yes.|meanwhile|Yes.|from the future|Yes."), (Cloud.Sync.Quarantined, await Cloud.TranscriptAsync()));

        // Found like any other from here on, by its surface too.
        var found = Assert.IsType<SearchOutcome.Ranked>(await Cloud.Store.SearchAsync(
            new SearchQuery { Text = "future", Owner = OpenedStore.Ada, Surface = OpenedStore.Windsurf }, CancellationToken.None));
        Assert.Equal("from the future", Assert.Single(found.Passages).Content);
    }

    /// <summary>§9.5: a conversation's erasure with a clock far ahead takes effect, and what is written after it keeps its own time.</summary>
    [ContractFact]
    public async Task Apply_AnErasureFarAhead_TakesEffectAndLeavesTheClockAlone()
    {
        await Local.AskAsync("to be erased", "gone");
        await Local.AskAsync("stays");
        await Local.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("gone"), CancellationToken.None);
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        var ahead = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromDays(1)).ToUnixTimeMilliseconds(), 0).ToString();

        await Cloud.ApplyAsync([.. batch.Select(one => one.Erase is null ? one : one with { Hlc = ahead })]);
        await Cloud.AskAsync("later");

        Assert.IsType<ReadOutcome.Erased>(await Cloud.ReadAsync("gone"));
        Assert.Equal("stays|Yes.|later|Yes.", await Cloud.TranscriptAsync());
        Assert.All((await Cloud.MissingAsync(Local)).Operations, one => Assert.True(string.CompareOrdinal(one.Hlc, ahead) < 0, "the clock ahead was taken over"));
        var erasure = batch.Single(one => one.Erase is not null);
        Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([erasure with { Seq = 9, Hlc = "7fffffffffffffff" }]));
    }

    /// <summary>Nobody can write into the future under this backend's name: it waits outside until time has caught up.</summary>
    [ContractFact]
    public async Task Apply_OwnOperationsAheadFromAPeer_WaitOutside()
    {
        await Local.AskAsync("from ada");
        var batch = (await Local.MissingAsync(Cloud)).Operations;
        var ahead = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromMinutes(6)).ToUnixTimeMilliseconds(), 0).ToString();
        var forged = batch[0] with
        {
            Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000055"),
            Kind = OperationKind.Erase,
            ConversationId = null,
            Origin = SecondId + "~00000001",
            Seq = 1,
            Hlc = ahead,
            Message = null,
            Erase = new EraseBody { Scope = "user", Timestamp = Time.GetUtcNow() },
        };

        await Cloud.ApplyAsync([forged, .. batch]);
        await Cloud.AskAsync("asked here");

        Assert.Equal("from ada|Yes.|asked here|Yes.", await Cloud.TranscriptAsync());
        Assert.DoesNotContain(forged.Origin, (await Cloud.HaveAsync()).Keys);

        Time.Advance(TimeSpan.FromMinutes(7));
        await Cloud.ApplyAsync([forged]);
        Assert.Contains(forged.Origin, (await Cloud.HaveAsync()).Keys);
    }

    /// <summary>T70: an erasure wins over what comes before it, after it, and from a side that had not heard of it.</summary>
    [ContractFact]
    public async Task Erase_AConversation_WinsInEveryOrder()
    {
        await Local.AskAsync("swordfish");
        await Cloud.PullAsync(Local);
        await Local.AskAsync("written offline");
        await Cloud.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("main"), CancellationToken.None);

        await Cloud.PullAsync(Local);
        await Local.PullAsync(Cloud);

        Assert.IsType<ReadOutcome.Erased>(await Local.ReadAsync());
        Assert.IsType<ReadOutcome.Erased>(await Cloud.ReadAsync());
        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
        Assert.Null(await Cloud.Archive.CompactAsync(CancellationToken.None));
        Assert.Null(await Local.Archive.CompactAsync(CancellationToken.None));
        var everything = (await Local.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!;
        Assert.DoesNotContain(everything.Operations, one => one.Message is not null);
        Assert.NotNull(everything.Operations[0].Erase);
    }

    [ContractFact]
    public async Task Erase_AUser_RemovesWhatWasWrittenBeforeOnBothSides()
    {
        await Local.AskAsync("of ada");
        await Local.AskAsync("of bob", user: OpenedStore.Bob);
        await Cloud.PullAsync(Local);
        await Cloud.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None);

        await Local.PullAsync(Cloud);

        Assert.IsType<ReadOutcome.Erased>(await Local.ReadAsync());
        Assert.IsType<ReadOutcome.Found>(await Local.ReadAsync(user: OpenedStore.Bob));
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
    }

    /// <summary>Decision 45: of a conversation tagged <c>local_only</c> nothing leaves, and what comes after it does.</summary>
    [ContractFact]
    public async Task Exchange_AConversationKeptHere_LeavesNothingButItsPlaces()
    {
        await Local.AskAsync("secret canary", "private");
        await Local.ChangeAsync(change => change with { AddTags = ["local_only"] }, "private");
        await Local.AskAsync("public");

        var sent = (await Local.MissingAsync(Cloud)).Operations;
        await Cloud.PullAsync(Local);

        Assert.Equal("public|Yes.", await Cloud.TranscriptAsync());
        Assert.IsType<ReadOutcome.NotFound>(await Cloud.ReadAsync("private"));
        Assert.Equal([5L], (await Cloud.HaveAsync()).Values);
        Assert.All(sent.Take(3), one => Assert.Equal((SyncOperation.Withheld, null, null), (one.Kind, one.ConversationId, one.Message)));
    }

    /// <summary>Decision 45: whoever may fetch what is sent has no say in what is.</summary>
    [ContractFact]
    public async Task Apply_APeersWordOnWhatIsKeptHere_NeitherLiftsNorSetsTheMark()
    {
        await Local.AskAsync("secret canary", "private");
        await Local.ChangeAsync(change => change with { AddTags = ["local_only"] }, "private");
        await Local.AskAsync("open", "open");
        var field = new FieldBody { Name = "tag:local_only", Timestamp = Time.GetUtcNow(), Value = JsonDocument.Parse("false").RootElement };
        SyncOperation Word(string conversation, string origin, int seq, string value) => new()
        {
            Id = Guid.Parse($"019b8d7d-0000-7000-8000-0000000000{seq:D2}"),
            Kind = OperationKind.Field,
            UserId = "ada",
            ConversationId = conversation,
            Origin = origin,
            Seq = seq,
            Hlc = HybridTimestamp.Create((Time.GetUtcNow() + TimeSpan.FromMinutes(1)).ToUnixTimeMilliseconds(), 0).ToString(),
            Field = field with { Value = JsonDocument.Parse(value).RootElement },
        };
        var own = (await Local.HaveAsync()).Keys.First();

        await Local.ApplyAsync([Word("private", SecondId + "~00000001", 1, "false"), Word("open", SecondId + "~00000001", 2, "true")]);
        await Local.ApplyAsync([Word("private", own[..own.IndexOf('~', StringComparison.Ordinal)] + "~0000000f", 1, "false") with { Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000077") }]);
        await Cloud.PullAsync(Local);

        Assert.IsType<ReadOutcome.NotFound>(await Cloud.ReadAsync("private"));
        Assert.IsType<ReadOutcome.Found>(await Cloud.ReadAsync("open"));
        Assert.Contains(SecondId + "~00000001", (await Local.HaveAsync()).Keys);
    }

    /// <summary>T72: a store that lost its end finds out from its peer's vector, goes on in new origins and gets back what it lost.</summary>
    [ContractFact]
    public async Task Notice_APeerHoldsMoreOfOnesOwn_TakesNewOrigins()
    {
        await Local.AskAsync("one");
        var own = Assert.Single(await Local.HaveAsync());

        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [own.Key] = 2 }, CancellationToken.None)).TookNew);
        Assert.True((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [own.Key] = 4 }, CancellationToken.None)).TookNew);
        await Local.AskAsync("two");

        var have = await Local.HaveAsync();
        Assert.Equal((2, 2L), (have.Count, have[own.Key]));
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [own.Key] = 4 }, CancellationToken.None)).TookNew);
    }

    /// <summary>
    /// An image that is older than a user's first operation knows nothing of the stream that a peer holds; going on in it would give its numbers
    /// a second content (wire.md §9.5). Seeds 250 and 352 of the simulation found it.
    /// </summary>
    [ContractFact]
    public async Task Notice_AStreamOfOursThatThisStoreDoesNotKnow_TakesNewOriginsOnce()
    {
        var stream = $"{Local.BackendId}~0123abcd";
        Assert.True((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [stream] = 3 }, CancellationToken.None)).TookNew);
        Time.Advance(TimeSpan.FromHours(1));

        // It says nothing of the streams that were taken since.
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [stream] = 3 }, CancellationToken.None)).TookNew);
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [$"{Local.BackendId}x~0123abcd"] = 3 }, CancellationToken.None)).TookNew);
        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [$"{Local.BackendId}~4567cdef"] = 0 }, CancellationToken.None)).TookNew);
    }

    /// <summary>However small the batches are, all arrives: also where erasures that are sent out of turn would fill each of them.</summary>
    [ContractFact]
    public async Task Exchange_InBatchesOfEight_BringsEverything()
    {
        for (var n = 0; n < 8; n++)
        {
            await Local.AskAsync("to be erased", $"gone-{n}");
            await Local.AskAsync("stays", $"kept-{n}");
        }

        for (var n = 0; n < 8; n++)
            Assert.IsType<EraseOutcome.Erased>(await Local.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse($"gone-{n}"), CancellationToken.None));
        var rounds = 0;
        for (; (await Local.MissingAsync(Cloud)).First(8) is { Operations.Count: > 0 } batch; rounds++)
        {
            Assert.InRange(batch.Operations.Count, 1, 8);
            Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(batch.Operations));
            Assert.True(rounds < 20, "It never ends.");
        }

        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
        Assert.Equal("stays|Yes.", await Cloud.TranscriptAsync("kept-7"));
    }

    /// <summary>Finding 14: whoever says so again and again does not make a store take new origins without end; its own words are taken in no present stream.</summary>
    [ContractFact]
    public async Task Notice_AgainWithinAnHour_IsNotBelieved()
    {
        await Local.AskAsync("one");
        var first = Assert.Single(await Local.HaveAsync()).Key;
        Assert.True((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [first] = 4 }, CancellationToken.None)).TookNew);
        await Local.AskAsync("two");
        var present = Assert.Single(await Local.HaveAsync(), one => one.Key != first).Key;
        var forged = (await Local.MissingAsync(Cloud)).Operations[^1] with { Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000066"), Origin = present, Seq = 3 };

        Assert.False((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [present] = 9 }, CancellationToken.None)).TookNew);
        await Local.ApplyAsync([forged]);
        await Local.AskAsync("three");

        Assert.Equal((2, 4L), ((await Local.HaveAsync()).Count, (await Local.HaveAsync())[present]));
        Assert.Equal("one|Yes.|two|Yes.|three|Yes.", await Local.TranscriptAsync());
        Time.Advance(TimeSpan.FromHours(1));
        Assert.True((await Local.Sync.NoticeAsync(new Dictionary<string, long> { [present] = 9 }, CancellationToken.None)).TookNew);
    }

    /// <summary>Finding 26: a value that fills memory keeps its place and says nothing; what comes after it goes on.</summary>
    [ContractFact]
    public async Task Apply_AValueBeyondAllUse_KeepsItsPlaceAlone()
    {
        await Local.AskAsync("q");
        var batch = (await Local.MissingAsync(Cloud)).Operations.ToList();
        batch.Add(Field(batch[0], 3, "title", $"\"{new string('x', 20_000)}\""));
        batch.Add(Field(batch[0], 4, "title", "\"short\""));

        Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(batch));

        Assert.Equal("short", Assert.IsType<ReadOutcome.Found>(await Cloud.ReadAsync()).Conversation.Topic);
        var held = (await Cloud.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!.Operations;
        Assert.Equal((4, SyncOperation.Withheld), (held.Count, held.Single(one => one.Seq == 3).Kind));
    }

    /// <summary>Finding 11: lengths are code points on both sides of an exchange, and what is refused is named.</summary>
    [ContractFact]
    public async Task Apply_LongTextOutsideTheBasicPlane_IsTakenAndWhatIsRefusedIsNamed()
    {
        await Local.AskAsync("q");
        var batch = (await Local.MissingAsync(Cloud)).Operations.ToList();
        var path = string.Concat(Enumerable.Repeat("\U0001F600", 4_096));
        batch[0] = batch[0] with { Message = batch[0].Message! with { Meta = batch[0].Message!.Meta with { FilePath = path } } };
        batch.Add(Field(batch[0], 3, $"artifact:{string.Concat(Enumerable.Repeat("\U0001F600", 64))}:{string.Concat(Enumerable.Repeat("\U0001F601", 256))}", "null"));
        var tooLong = batch[0] with { Message = batch[0].Message! with { Meta = batch[0].Message!.Meta with { FilePath = path + "x" } } };

        var refused = Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([.. batch.Skip(1), tooLong]));
        Assert.Contains(tooLong.Id.ToString(), refused.Why, StringComparison.Ordinal);
        Assert.Equal(3, Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(batch)).Counts.Operations);
    }

    /// <summary>Finding 11 e: a batch is bounded as it goes over the wire, where an emoji takes twelve bytes.</summary>
    [ContractFact]
    public async Task Exchange_LongRepliesOutsideTheBasicPlane_FitABody()
    {
        var reply = string.Concat(Enumerable.Repeat("\U0001F600", 200_000));
        for (var n = 0; n < 4; n++)
            await Local.AskAsync($"q{n}", answer: reply);

        var batch = await Local.MissingAsync(Cloud);

        Assert.True(batch.More);
        Assert.InRange(batch.Operations.Sum(static one => one.Message!.Content.Length), reply.Length, SyncLimits.BodyBytes / 6);
        await Cloud.PullAsync(Local);
        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
    }

    /// <summary>Finding 33: rows of every size come in turn, whatever pages they are read in.</summary>
    [ContractFact]
    public async Task Exchange_LongAndShortMessagesInTurn_LeaveNothingOut()
    {
        var random = new Random(33);
        for (var n = 0; n < 40; n++)
            await Local.AskAsync($"q{n}", $"c{n % 3}", answer: new string('x', random.Next(5) == 0 ? 400_000 : 10));
        await Local.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("c1"), CancellationToken.None);

        await Cloud.PullAsync(Local);

        Assert.Equal(await Local.HaveAsync(), await Cloud.HaveAsync());
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
    }

    [ContractFact]
    public async Task Exchange_ManyOperations_GoInBoundedBatchesWithoutAGap()
    {
        for (var n = 0; n < 260; n++)
            await Local.AskAsync($"q{n}", $"c{n % 7}");
        var first = await Local.MissingAsync(Cloud);

        Assert.Equal((SyncLimits.BatchOperations, true), (first.Operations.Count, first.More));
        await Cloud.PullAsync(Local);
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
    }

    /// <summary>An unknown field is kept and sent on, not shown.</summary>
    [ContractFact]
    public async Task Apply_AFieldOfAnUnknownName_IsKeptAndSentOn()
    {
        await Local.AskAsync("q");
        var batch = (await Local.MissingAsync(Cloud)).Operations.ToList();
        using var value = System.Text.Json.JsonDocument.Parse("{\"a\": 1}");
        batch.Add(batch[0] with
        {
            Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000077"),
            Kind = OperationKind.Field,
            Seq = 3,
            Message = null,
            Field = new FieldBody { Name = "colour", Value = value.RootElement.Clone(), Timestamp = Time.GetUtcNow() },
        });
        await Cloud.ApplyAsync(batch);

        var relayed = (await Cloud.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!.Operations;
        Assert.Equal("colour", relayed.Single(one => one.Field is not null).Field!.Name);
        Assert.Empty(Assert.IsType<ReadOutcome.Found>(await Cloud.ReadAsync()).Conversation.Tags);
    }

    /// <summary>Values that fit no form of wire.md §10.1 are kept and sent on, and show nothing; no reader fails by them.</summary>
    [ContractFact]
    public async Task Apply_FieldsThatFitNoForm_ShowNothingAndFailNoReader()
    {
        await Local.AskAsync("q");
        await Local.ChangeAsync(change => change with { Title = "\\u0000 is an escape", AddTags = ["\\u0000"] });
        var batch = (await Local.MissingAsync(Cloud)).Operations.ToList();
        (string Name, string Value)[] odd =
        [
            ("artifact:doc:1", """{"title":7,"confidence":"high"}"""), ("artifact:doc:2", """{"confidence":{}}"""), ("artifact:doc:3", "[1]"), ("status", "7"),
            ("tag:x", "\"yes\""), ("tag:y", "{}"),
        ];
        foreach (var (name, value) in odd)
            batch.Add(Field(batch[0], batch.Count + 1, name, value));

        Assert.Equal(batch.Count, Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(batch)).Counts.Operations);
        var read = Assert.IsType<ReadOutcome.Found>(await Cloud.ReadAsync()).Conversation;

        Assert.Equal(("\\u0000 is an escape", "active", "\\u0000"), (read.Topic, read.Meta.Status, Assert.Single(read.Tags)));
        Assert.Equal([("1", null, 0.0), ("2", null, 0.0)], read.Artifacts.Select(one => (one.Id, one.Title, one.Confidence)));
        await Local.PullAsync(Cloud);
        Assert.Equal(await Local.DigestAsync(), await Cloud.DigestAsync());
    }

    /// <summary>What one of the two kinds of store cannot hold is refused by both, and nothing fails over it.</summary>
    [ContractFact]
    public async Task Apply_AValueThatNoStoreCanHold_IsRefusedAndTakesNothing()
    {
        await Local.AskAsync("q");
        var good = (await Local.MissingAsync(Cloud)).Operations;
        string[] values =
        [
            "\"\\ud800\"", "\"\\u0000\"", "1e200000", "1e-20000", "{\"\\udc00\":1}", "[\"\\u0000\"]", "{\"confidence\":1e400}", "{\"a\\u0000\":1}",
        ];
        foreach (var value in values)
            Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([.. good, Field(good[0], 3, "artifact:doc:1", value)]));
        Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([good[0] with { Message = good[0].Message! with { Content = null! } }]));
        var source = new ReplySource { Title = "t", Type = "conversation", Confidence = double.PositiveInfinity, Excerpt = "e" };
        foreach (var odd in new[] { source, source with { Confidence = 1, Title = "\0" }, null })
        {
            var message = good[0].Message! with { Meta = good[0].Message!.Meta with { Sources = [odd!] } };
            Assert.IsType<SyncApplyOutcome.Invalid>(await Cloud.ApplyAsync([good[0] with { Message = message }]));
        }

        Assert.Empty(await Cloud.HaveAsync());
        Assert.IsType<SyncApplyOutcome.Applied>(await Cloud.ApplyAsync(good));
    }

    private SyncOperation Field(SyncOperation like, long seq, string name, string value, HybridTimestamp? hlc = null)
    {
        using var json = System.Text.Json.JsonDocument.Parse(value);
        return like with
        {
            Id = Guid.Parse($"019b8d7d-0000-7000-8000-{seq:x12}"),
            Kind = OperationKind.Field,
            Seq = seq,
            Hlc = hlc?.ToString() ?? like.Hlc,
            Message = null,
            Field = new FieldBody { Name = name, Value = json.RootElement.Clone(), Timestamp = Time.GetUtcNow() },
        };
    }
}
