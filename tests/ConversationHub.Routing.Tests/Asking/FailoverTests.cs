using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;

namespace ConversationHub.Routing.Tests.Asking;

/// <summary>Each row of the table of design.md §4 on real sockets, scored from both sides.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private static readonly CannedResponse Good = CannedResponse.Json(200, MaestraReplies.Envelope("half of this arrives", "main"));
    private static readonly CannedResponse FastApi404 = CannedResponse.Text(404, """{"detail":"Not Found"}""", "application/json");

    private readonly RouterUnderTest _hub = new();

    /// <summary>Faults of the local backend, the outcome and status to tell, and whether the question may have run there.</summary>
    public static TheoryData<string, string, int?, bool> Faults => new()
    {
        { "reset before read", "reset", null, true },
        { "reset after read", "reset", null, true },
        { "close after read", "reset", null, true },
        { "half a body", "truncated", 200, true },
        { "half a body, reset", "truncated", 200, true },
        { "garbage", "malformed", null, true },
        { "not JSON", "malformed", 200, true },
        { "another service", "impostor", 200, false },
        { "another JSON service", "impostor", 200, false },
        { "error mode", "error_mode", 200, true },
        { "bare 404", "impostor", 404, false },
        { "bare 405", "impostor", 405, false },
        { "redirect", "http_status", 307, false },
        { "408", "http_status", 408, true },
        { "500", "http_status", 500, true },
        { "502", "http_status", 502, false },
        { "503", "http_status", 503, false },
        { "504", "http_status", 504, false },
    };

    /// <summary>T23 and the failing rows: the cloud answers with the same operation id and the same bytes.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task AskAsync_LocalFails_CloudAnswersTheSameQuestion(string fault, string outcome, int? status, bool mayHaveRun)
    {
        if (fault is "garbage")
            _hub.Local.Proxy.Behaviour = Chaos.Garbage();
        else if (fault is "reset before read")
            _hub.Local.Proxy.Behaviour = Chaos.ResetBeforeRead;
        else
            _hub.Local.Next(Behaviour(fault));
        var question = _hub.NewQuestion();

        var result = await _hub.AskAsync(question);

        Assert.Equal(TargetName.Cloud, result.ServedBy);
        Assert.Null(result.Error);
        Assert.True(result.Degraded);
        Assert.Equal(mayHaveRun, result.MayHaveRun);
        Assert.Equal(["local", "cloud"], result.Attempts.Select(attempt => attempt.Target.ToWire()));
        var local = result.Attempts[0];
        Assert.Equal((outcome, status, mayHaveRun), (local.Outcome.ToWire(), local.Status, local.MayHaveRun));
        var ask = Assert.Single(_hub.Cloud.Asks.Snapshot());
        Assert.Equal(question.OperationId.ToString(), ask.Header(HeaderNames.IdempotencyKey));
        Assert.Equal(question.Body.ToArray(), ask.Body);
        Assert.True(_hub.Local.Asks.Snapshot().Count <= 1, "never asked twice");
        Assert.All(_hub.Local.Asks.Snapshot(), seen => Assert.Equal(question.OperationId.ToString(), seen.Header(HeaderNames.IdempotencyKey)));
    }

    /// <summary>T27: the backend's own words are final; nothing is sent to the cloud.</summary>
    [Theory]
    [InlineData(400, "invalid_header")]
    [InlineData(401, "invalid_api_key")]
    [InlineData(403, "user_mismatch")]
    [InlineData(404, "conversation_not_found")]
    [InlineData(409, "conversation_damaged")]
    [InlineData(410, "conversation_erased")]
    [InlineData(413, "body_too_large")]
    [InlineData(422, "invalid_request")]
    [InlineData(429, "rate_limited")]
    public async Task AskAsync_LocalRefusesTheQuestion_IsFinal(int status, string code)
    {
        _hub.Local.Next(CannedResponse.Problem(status, code, "In the backend's own words", ("Retry-After", "7")));

        var result = await _hub.AskAsync();

        Assert.True(result.Error is not null, string.Join("; ", result.Attempts));
        Assert.Equal((code, "In the backend's own words", (int?)7), (result.Error.Code, result.Error.Detail, result.Error.RetryAfterSeconds));
        Assert.Null(result.ServedBy);
        Assert.False(result.MayHaveRun);
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>T27, also when its body hangs: until it is given up as silent, until its share is spent, and with time for neither.</summary>
    [Theory]
    [InlineData(401, 6, true)]
    [InlineData(429, 50, false)]
    [InlineData(429, 6, true)]
    [InlineData(422, 1, false)]
    public async Task AskAsync_RefusalWhoseBodyHangs_IsFinalAllTheSame(int status, int budgetSeconds, bool isDead)
    {
        var shareOfLocal = TimeSpan.FromSeconds(30);
        if (isDead)
            _hub.Local.OnHealth = _ => Chaos.StallBeforeHeaders;
        _hub.Local.Next(Chaos.StallAfterHeaders(CannedResponse.Problem(status, "rate_limited", "Words", ("Retry-After", "7")), bodyBytes: 5));

        var result = await _hub.AskAsync(_hub.NewQuestion(budget: TimeSpan.FromSeconds(budgetSeconds)));

        var told = Assert.Single(result.Attempts);
        Assert.Equal((AttemptOutcome.HttpStatus, (int?)status, false), (told.Outcome, told.Status, told.MayHaveRun));
        Assert.Equal((null, 7), (result.ServedBy, result.Error!.RetryAfterSeconds));
        Assert.True(result.Elapsed < shareOfLocal / 2, $"waited {result.Elapsed} for the words");
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>The words of a refusal are waited for a little: they are what its caller can act on.</summary>
    [Fact]
    public async Task AskAsync_RefusalWhoseWordsComeLater_IsToldInThem()
    {
        var problem = CannedResponse.Problem(422, "invalid_request", "In the backend's own words");
        _hub.Local.Next(Chaos.Drip(problem, TimeSpan.FromMilliseconds(20), TimeProvider.System, problem.Body.Length / 4));

        var result = await _hub.AskAsync();

        Assert.Equal(("invalid_request", "In the backend's own words"), (result.Error!.Code, result.Error.Detail));
    }

    /// <summary>A status that has come is no reason to answer who has cancelled.</summary>
    [Fact]
    public async Task AskAsync_CancelledWhileTheBodyOfARefusalHangs_IsCancelledAndTheBreakerStays()
    {
        using var cancel = new CancellationTokenSource();
        _hub.Local.Next(Chaos.StallAfterHeaders(CannedResponse.Problem(503, "overloaded", "Busy", ("Retry-After", "60"))));
        var asking = _hub.AskAsync(cancellationToken: cancel.Token);
        await _hub.Local.Asks.ItemAsync(1);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(TargetName.Local, (await _hub.AskAsync()).ServedBy);
    }

    /// <summary>T27, also when something between has compressed the body.</summary>
    [Theory]
    [InlineData(401)]
    [InlineData(429)]
    public async Task AskAsync_RefusalWhoseBodyCannotBeRead_IsFinalAllTheSame(int status)
    {
        _hub.Local.Next(new CannedResponse(status, [0x1f, 0x8b], ("Content-Type", "application/json"), ("Content-Encoding", "gzip")));

        var result = await _hub.AskAsync();

        Assert.Null(result.ServedBy);
        var attempt = Assert.Single(result.Attempts);
        Assert.Equal((AttemptOutcome.HttpStatus, status, false), (attempt.Outcome, attempt.Status, attempt.MayHaveRun));
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>T27, also when the words of the refusal break off: its status has said what matters.</summary>
    [Theory]
    [InlineData(401, "invalid_api_key")]
    [InlineData(429, "rate_limited")]
    public async Task AskAsync_RefusalBreaksOff_IsFinalAllTheSame(int status, string code)
    {
        _hub.Local.Next(Chaos.Truncate(CannedResponse.Problem(status, code, "In the backend's own words"), bodyBytes: 5));

        var result = await _hub.AskAsync();

        Assert.Equal((code, false), (result.Error?.Code, result.MayHaveRun));
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>A local backend that nobody named and that hangs: while it is looked for nothing is sent, so that nothing can have run.</summary>
    [Fact]
    public async Task AskAsync_TimeIsSpentWhileLocalIsLookedFor_CannotHaveRun()
    {
        using var folder = new TemporaryFolder();
        await using var hub = new RouterUnderTest(options => options with { LocalUrl = null, PortFile = folder.Combine("port") });
        await File.WriteAllTextAsync(folder.Combine("port"), $"{hub.Local.Proxy.Port}");
        hub.Local.OnHealth = _ => Chaos.StallBeforeHeaders;

        var result = await hub.AskAsync(hub.NewQuestion(budget: TimeSpan.FromMilliseconds(300), route: Route.LocalOnly));

        Assert.Equal((AttemptOutcome.SkippedBudget, false), (Assert.Single(result.Attempts).Outcome, result.MayHaveRun));
        Assert.Empty(hub.Local.Asks.Snapshot());
    }

    /// <summary>What was asked of a backend that had just answered took the prober's place, and nobody woke it again.</summary>
    [Fact]
    public async Task AskAsync_FailsWhileItsHealthIsAskedFor_IsProbedAllTheSame()
    {
        await using var hub = new RouterUnderTest();
        hub.Local.OnHealth = _ => Chaos.StallBeforeHeaders;
        await hub.AskAsync();
        await hub.Local.Probes.ItemAsync(1);
        hub.Local.Next(new CannedResponse(503, """{"detail":"Busy","code":"overloaded"}"""u8.ToArray(), ("Content-Type", "application/json"), ("Retry-After", "1")));
        hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, MaestraReplies.Health("local", hub.Local.Proxy.Port)));

        await hub.AskAsync();

        await hub.BreakerAsync(TargetName.Local, BreakerState.Closed);
    }

    /// <summary>A call that waited for its turn until its time was over: nobody could be told the answer.</summary>
    [Fact]
    public async Task AskAsync_NoTimeLeft_AsksNobody()
    {
        await using var hub = new RouterUnderTest();

        var result = await hub.AskAsync(hub.NewQuestion(budget: TimeSpan.FromTicks(1)));

        Assert.Equal((RoutingErrorCode.DeadlineExceeded, false), (result.Error!.Code, result.MayHaveRun));
        Assert.Equal((0, 0), (hub.Local.Asks.Snapshot().Count, hub.Cloud.Asks.Snapshot().Count));
    }

    [Fact]
    public async Task AskAsync_404OfAnEarlierBackend_IsFinal()
    {
        _hub.Local.Next(FastApi404);

        var result = await _hub.AskAsync();

        Assert.Equal(("not_found", "Not Found"), (result.Error!.Code, result.Error.Detail));
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    [Fact]
    public async Task AskAsync_LocalRefusesConnections_CloudAnswersAndTheBreakerOpens()
    {
        await _hub.Local.Proxy.RefuseAsync();

        var first = await _hub.AskAsync();
        var second = await _hub.AskAsync();

        Assert.Equal(AttemptOutcome.Refused, first.Attempts[0].Outcome);
        Assert.False(first.MayHaveRun);
        Assert.Equal(AttemptOutcome.SkippedOpen, second.Attempts[0].Outcome);
        Assert.Equal("refused", second.Attempts[0].Detail);
        Assert.Equal(TargetName.Cloud, second.ServedBy);
    }

    [Fact]
    public async Task AskAsync_LocalConnectHangs_IsGivenUpAfterItsConnectTimeout()
    {
        await _hub.Local.Proxy.HangConnectsAsync();

        var result = await _hub.AskAsync();

        Assert.Equal((AttemptOutcome.ConnectTimeout, false), (result.Attempts[0].Outcome, result.Attempts[0].MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
    }

    [Fact]
    public async Task AskAsync_HostNameUnknown_IsToldAsDns()
    {
        await using var hub = new RouterUnderTest(local: new Uri("https://no-such-host.invalid"));

        var result = await hub.AskAsync();

        Assert.Equal((AttemptOutcome.Dns, TargetName.Cloud), (result.Attempts[0].Outcome, result.ServedBy));
    }

    /// <summary>A configuration error: fail closed, ask nobody else.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AskAsync_NoTrustedTls_StopsThere(bool speaksTls)
    {
        using var certificate = SelfSignedCertificate.Create();
        await using var local = ChaosProxy.Start(Chaos.Garbage(), speaksTls ? certificate : null);
        await using var hub = new RouterUnderTest(local: new Uri($"https://127.0.0.1:{local.Port}"));

        var result = await hub.AskAsync();

        Assert.Equal((AttemptOutcome.Tls, false), (result.Attempts[0].Outcome, result.MayHaveRun));
        Assert.Equal(RoutingErrorCode.AllTargetsFailed, result.Error!.Code);
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    /// <summary>The service hangs and its health hangs too: silence for 2 s, then the cloud.</summary>
    [Fact]
    public async Task AskAsync_LocalHangsWithItsHealth_IsGivenUpAsStalled()
    {
        _hub.Local.Proxy.Behaviour = Chaos.Blackhole;

        var result = await _hub.AskAsync();

        Assert.Equal((AttemptOutcome.Stalled, true), (result.Attempts[0].Outcome, result.Attempts[0].MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
        Assert.True(result.Elapsed >= LivenessPatrol.SilenceLimit, result.Elapsed.ToString());
    }

    /// <summary>Silence before the question was written: it cannot have run, and the caller is told so.</summary>
    [Fact]
    public async Task AskAsync_TlsHandshakeHangs_IsAConnectTimeoutThatCannotHaveRun()
    {
        _hub.Local.Proxy.Behaviour = Chaos.Blackhole;
        await using var hub = new RouterUnderTest(local: new Uri($"https://127.0.0.1:{_hub.Local.Proxy.Port}"));

        var result = await hub.AskAsync();

        Assert.Equal((AttemptOutcome.ConnectTimeout, false), (result.Attempts[0].Outcome, result.MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
    }

    /// <summary>Slow is not dead: while its health answers, the share of the time is waited out.</summary>
    [Fact]
    public async Task AskAsync_LocalHangsButIsAlive_IsGivenItsShare()
    {
        _hub.Local.Next(Chaos.StallBeforeHeaders);

        var result = await _hub.AskAsync(_hub.NewQuestion(budget: TimeSpan.FromSeconds(8)));

        Assert.Equal((AttemptOutcome.Deadline, true), (result.Attempts[0].Outcome, result.Attempts[0].MayHaveRun));
        Assert.Equal(TargetName.Cloud, result.ServedBy);
        Assert.True(result.Attempts[0].Elapsed >= TimeSpan.FromSeconds(3.9), result.Attempts[0].ToString());
        Assert.NotEmpty(_hub.Local.Probes.Snapshot());
        await _hub.Local.Proxy.ClosedByClientAsync();
    }

    /// <summary>No answer, good or bad, comes after the budget. The clock moves only once a backend holds the question.</summary>
    [Fact]
    public async Task AskAsync_BothHang_EndsWithTheBudget()
    {
        var budget = TimeSpan.FromSeconds(3);
        var time = new ManualTimeProvider();
        await using var hub = new RouterUnderTest(time: time);
        hub.Local.Next(Chaos.StallBeforeHeaders);
        hub.Cloud.Next(Chaos.StallAfterHeaders(Good, bodyBytes: 3));

        var asking = hub.AskAsync(hub.NewQuestion(budget: budget));
        await hub.Local.Asks.ItemAsync(1);
        time.Advance(budget / 2);
        await hub.Cloud.Asks.ItemAsync(1);
        time.Advance(budget / 2);
        var result = await asking;

        Assert.Equal(budget, result.Elapsed);
        Assert.Equal(RoutingErrorCode.DeadlineExceeded, result.Error!.Code);
        Assert.True(result.MayHaveRun);
        Assert.Equal([AttemptOutcome.Deadline, AttemptOutcome.Deadline], result.Attempts.Select(attempt => attempt.Outcome));
    }

    [Fact]
    public async Task AskAsync_EveryBreakerOpen_TriesEachOnceDirectly()
    {
        await _hub.Local.Proxy.RefuseAsync();
        await _hub.Cloud.Proxy.RefuseAsync();
        await _hub.AskAsync();

        var refused = await _hub.AskAsync();
        await _hub.Cloud.Proxy.ListenAsync();
        var answered = await _hub.AskAsync();

        Assert.Equal(RoutingErrorCode.AllTargetsFailed, refused.Error!.Code);
        Assert.Equal([AttemptOutcome.Refused, AttemptOutcome.Refused], refused.Attempts.Select(attempt => attempt.Outcome));
        Assert.Equal(TargetName.Cloud, answered.ServedBy);
    }

    /// <summary>The cloud is up, and is not for this question: the local backend is the only one it has.</summary>
    [Fact]
    public async Task AskAsync_KeptHereAndTheLocalBreakerIsOpen_IsTriedThereOnceDirectly()
    {
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Problem(503, "overloaded", "Busy"));
        await _hub.Local.Proxy.RefuseAsync();
        await _hub.AskAsync();
        await _hub.Local.Proxy.ListenAsync();

        var answered = await _hub.AskAsync(_hub.NewQuestion() with { WhyKeptLocal = static _ => new("it is kept") });

        Assert.Equal(TargetName.Local, answered.ServedBy);
        Assert.Single(_hub.Cloud.Asks.Snapshot());
    }

    [Fact]
    public async Task AskAsync_CallerCancels_TheRequestIsAbortedAndTheBreakerStays()
    {
        _hub.Local.Next(Chaos.StallBeforeHeaders);
        using var cancel = new CancellationTokenSource();
        var asking = _hub.AskAsync(cancellationToken: cancel.Token);
        await _hub.Local.Asks.ItemAsync(1);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await _hub.Local.Proxy.ClosedByClientAsync();
        Assert.Equal(TargetName.Local, (await _hub.AskAsync()).ServedBy);
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>T24: traffic is back after one good probe, and no question was spent on finding out.</summary>
    [Fact]
    public async Task AskAsync_LocalComesBack_IsAskedAgainAfterAProbe()
    {
        await _hub.Local.Proxy.RefuseAsync();
        await _hub.AskAsync();
        await _hub.Local.Proxy.ListenAsync();
        await _hub.BreakerAsync(TargetName.Local, BreakerState.Closed);

        var result = await _hub.AskAsync();

        Assert.Equal(TargetName.Local, result.ServedBy);
        Assert.False(result.Degraded);
        Assert.Single(_hub.Local.Asks.Snapshot());
    }

    /// <summary>Five minutes without a question end the probing, and what was known grows old: the next question has the local backend looked at again first.</summary>
    [Fact]
    public async Task AskAsync_LongAfterTheLastQuestion_LooksAgainBeforeItPassesTheLocalBackendBy()
    {
        var clock = new ManualTimeProvider();
        await using var hub = new RouterUnderTest(time: clock);
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        await hub.Local.Proxy.RefuseAsync();
        Assert.Equal(TargetName.Cloud, (await hub.AskAsync()).ServedBy);
        while (hub.Prober.IsProbing(TargetName.Local))
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(1, patience.Token);
        }

        await hub.Local.Proxy.ListenAsync();
        var asking = hub.AskAsync();
        while (!asking.IsCompleted)
        {
            // No further than the two probes that are needed stand apart.
            if (clock.Waiting.Contains(ProbeSchedule.ConfirmInterval))
                clock.Advance(ProbeSchedule.ConfirmInterval);
            await Task.WhenAny(asking, Task.Delay(1, patience.Token));
        }

        Assert.Equal(TargetName.Local, (await asking).ServedBy);
    }

    [Fact]
    public async Task AskAsync_LocalDiesUnder200Calls_AllAreAnsweredByTheCloud()
    {
        const int Calls = 200;
        _hub.Local.OnAsk = _ => Chaos.StallBeforeHeaders;
        var asking = Enumerable.Range(0, Calls).Select(_ => _hub.AskAsync()).ToList();
        await _hub.Local.Asks.ItemAsync(Calls);

        await _hub.Local.Proxy.RefuseAsync();

        var results = await Task.WhenAll(asking);
        Assert.All(results, result => Assert.Equal((TargetName.Cloud, true), (result.ServedBy, result.MayHaveRun)));
        Assert.Equal(Calls, _hub.Cloud.Asks.Snapshot().Select(ask => ask.Header(HeaderNames.IdempotencyKey)).Distinct().Count());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    private static ChaosBehaviour Behaviour(string fault) => fault switch
    {
        "reset after read" => Chaos.ResetAfterRead,
        "close after read" => Chaos.CloseAfterRead,
        "half a body" => Chaos.Truncate(Good, bodyBytes: 20),
        "half a body, reset" => Chaos.Truncate(Good, bodyBytes: 20, reset: true),
        "not JSON" => Chaos.Respond(CannedResponse.Text(200, "{\"reply\":", "application/json")),
        "another service" => Chaos.Respond(CannedResponse.Text(200, "<html>It works!</html>", "text/html")),
        "another JSON service" => Chaos.Respond(CannedResponse.Text(200, """{"ok":true}""", "application/json")),
        "error mode" => Chaos.Respond(CannedResponse.Text(200, """{"reply":"LLM down","mode":"error","conversation_id":"main"}""", "application/json")),
        "bare 404" => Chaos.Respond(CannedResponse.Text(404, "404 page not found")),
        "bare 405" => Chaos.Respond(CannedResponse.Text(405, "")),
        "redirect" => Chaos.Respond(CannedResponse.Text(307, "", "text/plain", ("Location", "http://127.0.0.1:1/elsewhere"))),
        "408" => Chaos.Respond(CannedResponse.Text(408, "")),
        _ => Chaos.Respond(CannedResponse.Problem(int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "internal_error", "No")),
    };
}
