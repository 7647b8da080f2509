using ConversationHub.Contracts;
using ConversationHub.Routing.Tests.Asking;
using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Conversations;

public sealed class ConversationReaderTests : IAsyncLifetime
{
    private const string Page =
        """{"conversations":[{"id":"c1","topic":"t","owner":"ada","surfaces":["cli"],"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","message_count":0,"status":"active"}],"next_cursor":null}""";

    private const string Document =
        """{"id":"c1","topic":"t","owner":"ada","surfaces":["cli"],"tags":[],"messages":[],"artifacts":[],"meta":{"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","status":"active","message_count":0},"format":2}""";

    private static readonly ConversationId Id = ConversationId.Parse("c1");

    private readonly RouterUnderTest _hub = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task ListAsync_LocalUp_ReadsThereAndSendsNoKey()
    {
        _hub.Local.OnRead = _ => Json(200, Page);
        _hub.Cloud.OnRead = _ => Json(200, Page);

        var read = await _hub.Conversations.ListAsync(UserId.Parse("ada lovelace"), 50, CancellationToken.None);

        Assert.Equal((TargetName.Local, "c1"), (read.ServedBy!.Value, read.Value!.Conversations.Single().Id));
        var request = await _hub.Local.Reads.ItemAsync(1);
        Assert.Equal("/conversations?status=all&limit=50&user_id=ada%20lovelace", request.Target);
        Assert.Null(request.ApiKey);
        Assert.Empty(_hub.Cloud.Reads.Snapshot());
    }

    /// <summary>Earlier and foreign backends: null where text belongs hides nothing else.</summary>
    [Fact]
    public async Task ListAsync_NullWhereTextBelongs_IsEmptyTextAndHidesNoOther()
    {
        _hub.Local.OnRead = _ => Json(200, """
            {"conversations":[null,
             {"id":"c1","topic":null,"owner":null,"surfaces":null,"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","message_count":0,"status":null},
             {"id":null,"topic":"t","owner":"ada","surfaces":[],"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","message_count":0,"status":"active"},
             {"id":"c2","topic":"t","owner":"ada","surfaces":[null,"cli"],"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","message_count":0,"status":"active"}],"next_cursor":null}
            """);

        var page = (await _hub.Conversations.ListAsync(null, 50, CancellationToken.None)).Value!;

        Assert.Equal(["c1", "c2"], page.Conversations.Select(summary => summary.Id));
        Assert.Equal(("", "", ""), (page.Conversations[0].Topic, page.Conversations[0].Owner, page.Conversations[0].Status));
        Assert.Empty(page.Conversations[0].Surfaces);
        Assert.Equal(["cli"], page.Conversations[1].Surfaces);
    }

    [Fact]
    public async Task ReadAsync_NullWhereTextBelongs_IsEmptyText()
    {
        _hub.Local.OnRead = _ => Json(200, """
            {"id":"c1","topic":null,"owner":null,"surfaces":[null],"tags":null,"artifacts":[null,{"type":null,"id":"a"}],"format":2,
             "messages":[null,{"id":null,"role":null,"content":null,"surface":null,"mode":null,"timestamp":"2026-01-05T09:30:00.000000Z","meta":null}],
             "meta":{"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","status":null,"message_count":1} }
            """);

        var document = (await _hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None)).Value!;

        Assert.Equal(("", "", ""), (document.Topic, document.Owner, document.Meta.Status));
        Assert.Empty(document.Surfaces);
        Assert.Empty(document.Tags);
        Assert.Empty(document.Artifacts);
        var message = Assert.Single(document.Messages);
        Assert.Equal(("", "", "", ""), (message.Id, message.Role, message.Content, message.Surface));
        Assert.NotNull(message.Meta);
    }

    [Theory]
    [InlineData("""{"id":null,"topic":"t","owner":"ada","surfaces":[],"tags":[],"messages":[],"artifacts":[],"meta":{"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","status":"active","message_count":0}}""")]
    [InlineData("""{"id":"c1","topic":"t","owner":"ada","surfaces":[],"tags":[],"messages":null,"artifacts":[],"meta":{"created_at":"2026-01-05T09:30:00.000000Z","updated_at":"2026-01-05T09:30:00.000000Z","status":"active","message_count":0}}""")]
    [InlineData("""{"id":"c1","topic":"t","owner":"ada","surfaces":[],"tags":[],"messages":[],"artifacts":[],"meta":null}""")]
    public async Task ReadAsync_WhatCannotBeMadeUpIsNull_IsNotAsAgreed(string document)
    {
        await using var hub = new RouterUnderTest(options => options with { FallbackEnabled = false });
        hub.Local.OnRead = _ => Json(200, document);

        var read = await hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None);

        Assert.Null(read.Value);
        Assert.Contains("not as agreed", read.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_LocalDown_ReadsAtTheCloudWithTheKeyAndTheUser()
    {
        await _hub.Local.Proxy.RefuseAsync();
        _hub.Cloud.OnRead = _ => Json(200, Document);

        var read = await _hub.Conversations.ReadAsync(Id, UserId.Parse("ada"), 10, null, CancellationToken.None);

        Assert.Equal((TargetName.Cloud, "c1"), (read.ServedBy!.Value, read.Value!.Id));
        var request = await _hub.Cloud.Reads.ItemAsync(1);
        Assert.Equal((RouterUnderTest.Key, "/conversations/c1?limit=10&user_id=ada"), (request.ApiKey, request.Target));
    }

    [Fact]
    public async Task ReadAsync_CloudNotAllowed_IsNeverAsked()
    {
        await using var hub = new RouterUnderTest(options => options with { FallbackEnabled = false });
        hub.Cloud.OnRead = _ => Json(200, Document);
        await hub.Local.Proxy.RefuseAsync();

        var read = await hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None);

        Assert.Equal((null, RoutingErrorCode.AllTargetsFailed), (read.Value, read.Error!.Code));
        Assert.Contains("connection refused", read.Error.Detail, StringComparison.Ordinal);
        Assert.Empty(hub.Cloud.Reads.Snapshot());
    }

    [Fact]
    public async Task ReadAsync_NotKnownLocally_IsLookedForInTheCloud()
    {
        _hub.Local.OnRead = _ => NotFound();
        _hub.Cloud.OnRead = _ => Json(200, Document);
        Assert.Equal(TargetName.Cloud, (await _hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None)).ServedBy);

        _hub.Cloud.OnRead = _ => NotFound();
        Assert.Equal(ProblemCode.ConversationNotFound, (await _hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None)).Error!.Code);
    }

    /// <summary>An erasure is an answer; a copy that some other backend still has must not be shown.</summary>
    [Fact]
    public async Task ReadAsync_ErasedLocally_IsNotLookedForElsewhere()
    {
        _hub.Local.OnRead = _ => Chaos.Respond(CannedResponse.Problem(410, ProblemCode.ConversationErased, "It was erased."));
        _hub.Cloud.OnRead = _ => Json(200, Document);

        var read = await _hub.Conversations.ReadAsync(Id, null, 10, null, CancellationToken.None);

        Assert.Equal(ProblemCode.ConversationErased, read.Error!.Code);
        Assert.Empty(_hub.Cloud.Reads.Snapshot());
    }

    /// <summary>Two hundred long messages are more than one reply may hold; fewer of them are not.</summary>
    [Fact]
    public async Task ReadAsync_MessagesTooLongForOneReply_AsksThereForFewer()
    {
        _hub.Local.OnRead = request => Json(200, request.Target.EndsWith("limit=2", StringComparison.Ordinal) ? Document : TooLarge());
        _hub.Cloud.OnRead = _ => Json(200, Document);

        var read = await _hub.Conversations.ReadAsync(Id, null, 200, null, CancellationToken.None);

        Assert.Equal((TargetName.Local, "c1"), (read.ServedBy, read.Value?.Id));
        Assert.Equal(["200", "20", "2"], _hub.Local.Reads.Snapshot().Select(static request => request.Target.Split('=')[^1]));
        Assert.Empty(_hub.Cloud.Reads.Snapshot());
    }

    [Fact]
    public async Task ReadAsync_OneMessageTooLong_EndsAtOneAndSaysSo()
    {
        await using var hub = new RouterUnderTest(options => options with { CloudUrl = null });
        hub.Local.OnRead = _ => Json(200, TooLarge());

        var read = await hub.Conversations.ReadAsync(Id, null, 200, null, CancellationToken.None);

        Assert.Contains($"larger than {WireLimits.ResponseBodyBytes} bytes", read.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(["200", "20", "2", "1"], hub.Local.Reads.Snapshot().Select(static request => request.Target.Split('=')[^1]));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"conversations\":5}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("not json")]
    public async Task ListAsync_AReplyNotAsAgreed_IsAnErrorAndNotAnEmptyList(string body)
    {
        await using var hub = new RouterUnderTest(options => options with { CloudUrl = null });
        hub.Local.OnRead = _ => Json(200, body);

        var read = await hub.Conversations.ListAsync(null, 50, CancellationToken.None);

        Assert.Null(read.Value);
        Assert.Equal(RoutingErrorCode.AllTargetsFailed, read.Error!.Code);
    }

    /// <summary>An earlier backend keeps no list; that says nothing about its answers.</summary>
    [Fact]
    public async Task ListAsync_ABackendThatKnowsNoLists_LeavesItsBreakerClosed()
    {
        await using var hub = new RouterUnderTest(options => options with { CloudUrl = null });
        for (var i = 0; i < 5; i++)
            await hub.Conversations.ListAsync(null, 50, CancellationToken.None);

        Assert.Equal(BreakerState.Closed, (await hub.Health.ReadAsync(refresh: true, CancellationToken.None)).Targets[0].Breaker);
    }

    private static ChaosBehaviour Json(int status, string body) => Chaos.Respond(CannedResponse.Text(status, body, "application/json"));

    private static string TooLarge() => $$"""{"x":"{{new string('x', WireLimits.ResponseBodyBytes)}}"}""";

    private static ChaosBehaviour NotFound() =>
        Chaos.Respond(CannedResponse.Problem(404, ProblemCode.ConversationNotFound, "There is no such conversation."));
}
