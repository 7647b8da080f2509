using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Mcp.Tests.Asking;

/// <summary>A conversation that the local backend keeps is never asked about in the cloud, whoever is down (docs/decisions/0034).</summary>
public sealed class KeptConversationsTests : IDisposable
{
    private const string Kept = """{"meta":{"local_only":true}}""";

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("maestra_ask", """{"message":"hi","conversation_id":"secret"}""")]
    [InlineData("maestra_legacy_ask", """{"question":"hi","session_id":"secret"}""")]
    public async Task Ask_InAConversationTheLocalBackendKeeps_GoesNowhereElseFromThenOn(string tool, string arguments)
    {
        await using var rig = await StartAsync(Kept);
        Assert.Equal([null, Route.LocalOnly], await AskTwiceAsync(rig, tool, arguments));
    }

    [Fact]
    public async Task Ask_InAnotherProcess_KnowsItFromTheFile()
    {
        var first = new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance);
        first.Learn("secret", wasKept: false, isKept: true);
        first.Learn("open", wasKept: false, isKept: false);
        await first.Saving;

        await using var rig = await StartAsync(Kept);

        Assert.Equal(Route.LocalOnly, (await AskTwiceAsync(rig, "maestra_ask", """{"message":"hi","conversation_id":"secret","route":"cloud-only"}"""))[0]);
        var file = new FileInfo(Assert.Single(Marks()));
        Assert.Equal((0, 64), (file.Length, file.Directory!.Name.Length));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode);
    }

    /// <summary>Two IDEs have a hub each: what one is told the other knows, also when both had looked before.</summary>
    [Fact]
    public async Task Look_TwoProcessesThatLearnInTurns_KnowWhatEitherWasTold()
    {
        var (one, other) = (new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance), new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance));
        Assert.Equal((false, false), (await HasAsync(one, "a"), await HasAsync(other, "b")));
        one.Learn("a", wasKept: false, isKept: true);
        await one.Saving;
        other.Learn("b", wasKept: false, isKept: true);
        await other.Saving;
        Assert.Equal((true, true, true, true), (await HasAsync(one, "a"), await HasAsync(one, "b"), await HasAsync(other, "a"), await HasAsync(other, "b")));

        other.Learn("a", wasKept: true, isKept: false);
        await other.Saving;
        Assert.Equal((false, true), (await HasAsync(other, "a"), await HasAsync(other, "b")));

        static async Task<bool> HasAsync(KeptConversations hub, string conversation) => await hub.LookAsync(conversation) == true;
    }

    [Fact]
    public async Task Ask_AfterTheMarkIsTakenAway_MayGoAnywhereAgain()
    {
        var kept = new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance);
        kept.Learn("secret", wasKept: false, isKept: true);
        await kept.Saving;
        await using var rig = await StartAsync("{}");

        Assert.Equal([Route.LocalOnly, null], await AskTwiceAsync(rig, "maestra_ask", """{"message":"hi","conversation_id":"secret"}"""));
    }

    [Fact]
    public async Task Look_HomeThatCannotBeWritten_KnowsWhatItWasTold()
    {
        await File.WriteAllTextAsync(_home.Combine("home"), "a file where the folder should be");
        var kept = new KeptConversations(
            HubRig.DefaultSettings with { Routing = new RoutingOptions { PortFile = _home.Combine("home", "port") } }, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance);
        kept.Learn("secret", wasKept: false, isKept: true);
        await kept.Saving;

        Assert.True(await kept.LookAsync("secret"));
        Assert.Equal(false, await kept.LookAsync("open"));
    }

    /// <summary>A disk that hangs does not open the way to the cloud (promise 4): what is not known in time is asked locally alone, and the answer tells.</summary>
    [Fact]
    public async Task Ask_DiskThatDoesNotTellInTime_AsksTheLocalBackendAloneAndSaysWhy()
    {
        var time = new ManualTimeProvider();
        using var disk = new ManualResetEventSlim();
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance) { Exists = path => disk.Wait(TestTimeouts.Signal) && Path.Exists(path) };
        var router = new FakeRouter { OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("so", body: "{}")) };
        var asker = new QuestionAsker(router, kept, new QuestionGate(time), new IdSource(time), time, Settings);

        var asking = AskAsync(asker, Route.CloudOnly);
        time.Advance(TimeSpan.FromMilliseconds(250));
        await asking;
        disk.Set();
        await kept.Saving;
        await AskAsync(asker, Route.CloudOnly);

        var (unknown, known) = (router.Asked.Snapshot()[0], router.Asked.Snapshot()[1]);
        Assert.Equal(Route.LocalOnly, unknown.Route);
        Assert.Contains("could not be read", unknown.RouteCause, StringComparison.Ordinal);
        Assert.Equal((Route.CloudOnly, null), (known.Route, known.RouteCause));
    }

    /// <summary>What the disk tells while the local backend is asked counts, either way: a busy machine is late with everything.</summary>
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "the conversation is marked local_only")]
    public async Task Ask_DiskTellsWhileTheLocalBackendIsAsked_DecidesThenWhetherTheCloudMayBe(bool isKept, string? cause)
    {
        var time = new ManualTimeProvider();
        using var disk = new ManualResetEventSlim();
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance) { Exists = _ => disk.Wait(TestTimeouts.Signal) ? isKept : null };
        string? before = null, after = null;
        var router = new FakeRouter
        {
            OnAsk = async (question, cancellationToken) =>
            {
                var asked = question.WhyKeptLocal!(cancellationToken).AsTask();
                await time.WaitForTimersAsync();
                time.Advance(KeptConversations.DiskLimit);
                before = await asked.WaitAsync(TestTimeouts.Signal, cancellationToken);
                disk.Set();
                after = await question.WhyKeptLocal!(cancellationToken).AsTask().WaitAsync(TestTimeouts.Signal, cancellationToken);
                return FakeRouter.Answered("so", body: "{}");
            },
        };

        var asking = AskAsync(new QuestionAsker(router, kept, new QuestionGate(time), new IdSource(time), time, Settings), Route.LocalFirst);
        time.Advance(TimeSpan.FromMilliseconds(250));
        await asking;
        await kept.Saving;

        Assert.Contains("could not be read", before, StringComparison.Ordinal);
        Assert.Equal(cause, after);
        Assert.Equal((Route.LocalFirst, false), (router.Asked.Snapshot()[0].Route, router.Asked.Snapshot()[0].MayHedge));
    }

    /// <summary>Nobody can have marked a conversation that the question begins, before the local backend has it.</summary>
    [Fact]
    public async Task Ask_ConversationBegins_AsksTheDiskBeforeTheCloudAlone()
    {
        var time = new ManualTimeProvider();
        var looks = 0;
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance) { Exists = _ => ++looks == 0 };
        var (before, cause) = (-1, "nothing was asked");
        var router = new FakeRouter
        {
            OnAsk = async (question, cancellationToken) =>
            {
                before = looks;
                cause = await question.WhyKeptLocal!(cancellationToken);
                return FakeRouter.Answered("so", body: "{}");
            },
        };

        await AskAsync(new QuestionAsker(router, kept, new QuestionGate(time), new IdSource(time), time, Settings), Route.LocalFirst, isNamed: false);

        var asked = Assert.Single(router.Asked.Snapshot());
        Assert.Equal((0, null, 1), (before, cause, looks));
        Assert.Equal((Route.LocalFirst, null, true), (asked.Route, asked.RouteCause, asked.MayHedge));
    }

    /// <summary>The owner marks it while the backend's model thinks, and has its word for it; then the backend dies.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_ConversationIsMarkedWhileTheLocalBackendIsAsked_IsKeptFromTheCloud(bool isNamed)
    {
        var time = new ManualTimeProvider();
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance);
        string? before = "nothing was asked", after = null;
        var router = new FakeRouter
        {
            OnAsk = async (question, cancellationToken) =>
            {
                before = await question.WhyKeptLocal!(cancellationToken);
                LocalOnlyMark.Write(_home.Combine(LocalOnlyMark.FolderName), "secret", "a backend");
                after = await question.WhyKeptLocal!(cancellationToken);
                return FakeRouter.Answered("so", body: "{}");
            },
        };

        await AskAsync(new QuestionAsker(router, kept, new QuestionGate(time), new IdSource(time), time, Settings), Route.LocalFirst, isNamed);

        Assert.Equal((null, "the conversation is marked local_only"), (before, after));
    }

    /// <summary>A look waits for the change of its own conversation's mark, and for no other.</summary>
    [Fact]
    public async Task Look_WhileAMarkIsWritten_WaitsForItsOwnChangeAlone()
    {
        using var disk = new ManualResetEventSlim();
        var kept = new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance)
        {
            WriteMark = (folder, conversation) =>
            {
                disk.Wait(TestTimeouts.Signal);
                LocalOnlyMark.Write(folder, conversation, LocalOnlyMark.Hubs);
            },
        };
        LocalOnlyMark.Write(_home.Combine(LocalOnlyMark.FolderName), "taken away", LocalOnlyMark.Hubs);
        kept.Learn("secret", wasKept: false, isKept: true);
        kept.Learn("taken away", wasKept: true, isKept: false);
        var own = kept.LookAsync("taken away");

        Assert.Equal(false, await kept.LookAsync("open").WaitAsync(TestTimeouts.Signal));
        Assert.False(own.IsCompleted);
        disk.Set();
        Assert.Equal(false, await own.WaitAsync(TestTimeouts.Signal));
    }

    /// <summary>For as long as a disk hangs questions come, and none of them is answered by it: they must not pile up.</summary>
    [Fact]
    public async Task Look_MoreThanWaitForADiskThatHangs_IsNotKnownAtOnce()
    {
        using var disk = new ManualResetEventSlim();
        var kept = new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance) { Exists = _ => disk.Wait(TestTimeouts.Signal) ? false : null };
        var waiting = Enumerable.Range(0, KeptConversations.MaxWaiting).Select(number => kept.LookAsync($"open_{number}")).ToList();

        var beyond = kept.LookAsync("beyond");
        Assert.True(beyond.IsCompleted);
        Assert.Null(await beyond);

        disk.Set();
        Assert.All(await Task.WhenAll(waiting).WaitAsync(TestTimeouts.Signal), static isKept => Assert.Equal(false, isKept));
        Assert.Equal(false, await kept.LookAsync("beyond").WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task Learn_MoreThanWaitForADiskThatHangs_IsWrittenWithALaterAnswer()
    {
        using var disk = new ManualResetEventSlim();
        var logs = new CapturingLoggerFactory();
        var written = new List<string>();
        var kept = new KeptConversations(Settings, new ManualTimeProvider(), logs.CreateLogger<KeptConversations>())
        {
            WriteMark = (_, conversation) =>
            {
                disk.Wait(TestTimeouts.Signal);
                written.Add(conversation);
            },
        };
        for (var number = 0; number < KeptConversations.MaxWaiting; number++)
            kept.Learn($"secret_{number}", wasKept: null, isKept: true);
        kept.Learn("beyond", wasKept: null, isKept: true);
        kept.Learn("beyond", wasKept: true, isKept: true);
        kept.Learn("open", wasKept: null, isKept: false);
        disk.Set();
        await kept.Saving.WaitAsync(TestTimeouts.Signal);

        Assert.True(kept.IsToldKept("beyond"));
        Assert.Equal(KeptConversations.MaxWaiting, written.Count);
        Assert.Equal(4012, Assert.Single(logs.Records.Snapshot()).Event.Id);
        kept.Learn("beyond", wasKept: true, isKept: true);
        await kept.Saving.WaitAsync(TestTimeouts.Signal);
        Assert.Equal("beyond", written[^1]);
    }

    [Fact]
    public async Task Look_SeenOnTheDiskOnce_IsKnownWhenTheDiskHangs()
    {
        var time = new ManualTimeProvider();
        var first = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance);
        first.Learn("secret", wasKept: false, isKept: true);
        await first.Saving;
        using var disk = new ManualResetEventSlim(initialState: true);
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance) { Exists = path => disk.Wait(TestTimeouts.Signal) && Path.Exists(path) };

        Assert.True(await kept.LookAsync("secret"));
        disk.Reset();
        Assert.True(await kept.LookAsync("secret"));
        disk.Set();
    }

    /// <summary>A folder that cannot be entered is not one without marks. (A loop of links, because root may enter everything else.)</summary>
    [Fact]
    public async Task Look_FolderThatCannotBeSeen_IsNotKnown()
    {
        Directory.CreateSymbolicLink(_home.Combine("loop"), _home.Combine("loop"));
        var logs = new CapturingLoggerFactory();
        var kept = new KeptConversations(
            HubRig.DefaultSettings with { Routing = new RoutingOptions { PortFile = _home.Combine("loop", "port") } }, new ManualTimeProvider(), logs.CreateLogger<KeptConversations>());

        Assert.Null(await kept.LookAsync("secret"));
        kept.Learn("secret", wasKept: null, isKept: true);
        kept.Learn("secret", wasKept: true, isKept: true);
        kept.Learn("open", wasKept: null, isKept: false);
        await kept.Saving;

        Assert.True(await kept.LookAsync("secret"));
        Assert.Equal((4012, LogLevel.Warning), (Assert.Single(logs.Records.Snapshot()).Event.Id, logs.Records.Snapshot()[0].Level));
    }

    [Fact]
    public async Task Learn_DiskTakesTheMarkLater_IsOnItThen()
    {
        var kept = new KeptConversations(Settings, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance);
        await File.WriteAllTextAsync(_home.Combine(LocalOnlyMark.FolderName), "a file where the folder should be");
        kept.Learn("secret", wasKept: false, isKept: true);
        await kept.Saving;
        File.Delete(_home.Combine(LocalOnlyMark.FolderName));

        kept.Learn("secret", wasKept: true, isKept: true);
        await kept.Saving;

        Assert.Single(Marks());
    }

    /// <summary>A process that ends right after the answer must not lose what it was told to a slow disk, nor stay for one that hangs.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settle_DiskIsSlow_WaitsForTheMarkButNotForEver(bool hangs)
    {
        var time = new ManualTimeProvider();
        var logs = new CapturingLoggerFactory();
        using var disk = new ManualResetEventSlim();
        var kept = new KeptConversations(Settings, time, logs.CreateLogger<KeptConversations>())
        {
            WriteMark = (folder, conversation) =>
            {
                disk.Wait(TestTimeouts.Signal);
                LocalOnlyMark.Write(folder, conversation, LocalOnlyMark.Hubs);
            },
        };
        kept.Learn("secret", wasKept: false, isKept: true);
        var settling = kept.SettleAsync(TimeSpan.FromMilliseconds(50));
        Assert.False(settling.IsCompleted);

        if (hangs)
            time.Advance(TimeSpan.FromMilliseconds(50));
        else
            disk.Set();
        await settling.WaitAsync(TestTimeouts.Signal);

        Assert.Equal(hangs, !Directory.Exists(_home.Combine(LocalOnlyMark.FolderName)));
        Assert.Equal(hangs ? [4012] : [], logs.Records.Snapshot().Select(static record => record.Event.Id));
        disk.Set();
        await kept.Saving;
    }

    /// <summary>As many as their owner marks: one more than some limit would go to the cloud.</summary>
    [Fact]
    public void Learn_VeryMany_KnowsEachOfThem()
    {
        var kept = new KeptConversations(HubRig.DefaultSettings with { Routing = new RoutingOptions() }, new ManualTimeProvider(), NullLogger<KeptConversations>.Instance);
        for (var number = 0; number <= 20_000; number++)
            kept.Learn($"secret_{number}", wasKept: false, isKept: true);

        Assert.True(kept.IsToldKept("secret_20000"));
    }

    /// <summary>Where the cloud wins the hedge the local backend's word is not heard, each time anew.</summary>
    [Fact]
    public async Task Ask_ConversationOfWhichTheLocalBackendHasNotSpoken_IsNotHedged()
    {
        await using var rig = await StartAsync("{}");
        await AskTwiceAsync(rig, "maestra_ask", """{"message":"hi","conversation_id":"open"}""");
        await rig.CallAsync(4, "maestra_ask", """{"message":"a new one"}""");
        await rig.Router.Asked.ItemAsync(3);

        Assert.Equal([false, true, true], rig.Router.Asked.Snapshot().Select(static question => question.MayHedge));
    }

    [Fact]
    public async Task Ask_MarkBecomesKnownWhileTheQuestionIsOut_KeepsItHereFromThenOn()
    {
        var time = new ManualTimeProvider();
        var kept = new KeptConversations(Settings, time, NullLogger<KeptConversations>.Instance);
        string? before = null, after = null;
        var router = new FakeRouter
        {
            OnAsk = async (question, cancellationToken) =>
            {
                before = await question.WhyKeptLocal!(cancellationToken);
                kept.Learn("secret", wasKept: false, isKept: true);
                after = await question.WhyKeptLocal!(cancellationToken);
                return FakeRouter.Answered("so", body: Kept);
            },
        };

        await AskAsync(new QuestionAsker(router, kept, new QuestionGate(time), new IdSource(time), time, Settings), Route.LocalFirst);
        await kept.Saving;

        Assert.Equal((null, "the conversation is marked local_only"), (before, after));
    }

    private static Task<RoutingResult> AskAsync(QuestionAsker asker, Route route, bool isNamed = true)
    {
        var operation = asker.NewOperationId();
        return asker.AskAsync(AskEndpoint.Core, [], operation, asker.NewRequestId(), "secret", isNamed, route, new ToolCall([], null, null, null), CancellationToken.None);
    }

    private string[] Marks() => Directory.GetFiles(_home.Combine(LocalOnlyMark.FolderName), "*", SearchOption.AllDirectories);

    private HubSettings Settings => HubRig.DefaultSettings with { Routing = new RoutingOptions { PortFile = _home.Combine("port") } };

    private async Task<HubRig> StartAsync(string body)
    {
        var rig = new HubRig(settings: Settings);
        await rig.ShakeHandsAsync();
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("so", body: body));
        return rig;
    }

    private static async Task<Route?[]> AskTwiceAsync(HubRig rig, string tool, string arguments)
    {
        await rig.CallAsync(1, tool, arguments);
        await rig.ResultAsync(1);
        await rig.CallAsync(2, tool, arguments);
        await rig.ResultAsync(2);
        return [.. rig.Router.Asked.Snapshot().Select(question => question.Route)];
    }
}
