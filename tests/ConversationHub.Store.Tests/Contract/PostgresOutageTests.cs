using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>A server that dies in the middle of writes. Needs one of its own, to be killed.</summary>
public sealed class PostgresOutageTests
{
    private const int Writers = 8;
    private const int WritesBeforeTheKill = 40;

    [PostgresFact]
    public async Task Write_ServerKilledInTheMiddle_LosesNothingDoublesNothingAndRecoversWithoutRestart()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var ids = new IdSource(TimeProvider.System);
        await using var store = await OpenAsync(cluster, ids);
        var acknowledged = new HashSet<OperationId>();
        var enough = new TaskCompletionSource();
        var refused = await WhileWritingAsync(store, ids, acknowledged, enough, cluster);

        Assert.All(refused, static one => Assert.Equal(StoreFailureKind.Unavailable, one.Failure.Kind));
        Assert.Equal(StoreHealthState.Unavailable, store.Status.Health);
        await cluster.StartServerAsync();
        foreach (var (question, _) in refused)
            Assert.True(await store.StoreQuestionAsync(question, CancellationToken.None) is QuestionOutcome.Stored or QuestionOutcome.Known);

        Assert.Equal(StoreHealthState.Healthy, store.Status.Health);
        var read = Assert.IsType<ReadOutcome.Found>(await store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main"), Limit = ReadQuery.AllMessages }, CancellationToken.None));
        var stored = read.Conversation.Messages.Select(message => OperationId.Parse(message.Id)).ToArray();
        Assert.Equal(stored.Length, stored.Distinct().Count());
        Assert.Equal(acknowledged.Concat(refused.Select(one => one.Question.OperationId)).Order(), stored.Order());
    }

    /// <summary>
    /// wire.md §7: a reply that may have been stored must not be called "not stored" (503), or the caller asks elsewhere and says that
    /// nothing ran; one that never went out must not be called unknown.
    /// </summary>
    [PostgresFact]
    public async Task Reply_ServerLostWhileItStores_IsToldAsUnknownAndOneThatNeverWentOutIsNot()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var ids = new IdSource(TimeProvider.System);
        await using var store = await OpenAsync(cluster, ids);
        var question = Question(ids);
        Assert.IsType<QuestionOutcome.Stored>(await store.StoreQuestionAsync(question, CancellationToken.None));

        await using var other = new NpgsqlConnection(PostgresAddress.TryParse(cluster.Url("postgres"), out _));
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await ExecuteAsync(other, "LOCK TABLE maestra.heads");
        var storing = store.StoreReplyAsync(OpenedStore.Reply(question, "Yes."), CancellationToken.None);
        while (!await ExecuteAsync(other, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
            Assert.False(storing.IsCompleted);
        await cluster.KillAsync();

        var unknown = Assert.IsType<ReplyOutcome.NotCommitted>(await storing.WaitAsync(TestTimeouts.Signal));
        Assert.Equal((StoreFailureKind.OutcomeUnknown, "The database did not say whether it kept this."), (unknown.Failure.Kind, unknown.Failure.Reason));
        var refused = Assert.IsType<ReplyOutcome.NotCommitted>(await store.StoreReplyAsync(OpenedStore.Reply(question, "Yes."), CancellationToken.None));
        Assert.Equal(StoreFailureKind.Unavailable, refused.Failure.Kind);
        Assert.Equal(StoreFailureKind.Unavailable, Assert.IsType<QuestionOutcome.NotCommitted>(
            await store.StoreQuestionAsync(Question(ids), CancellationToken.None)).Failure.Kind);

        await cluster.StartServerAsync();
        Assert.True(await store.StoreReplyAsync(OpenedStore.Reply(question, "Yes."), CancellationToken.None) is ReplyOutcome.Stored);
    }

    /// <summary>A user whose long erasure holds what a question needs: that question is refused, and the database is not called lost for it.</summary>
    [PostgresFact]
    public async Task Write_WaitsForALockBeyondItsTime_IsRefusedAndTheStoreStaysHealthy()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var ids = new IdSource(TimeProvider.System);
        await using var store = await OpenAsync(cluster, ids);
        Assert.IsType<QuestionOutcome.Stored>(await store.StoreQuestionAsync(Question(ids), CancellationToken.None));
        await using var other = new NpgsqlConnection(PostgresAddress.TryParse(cluster.Url("postgres"), out _));
        await other.OpenAsync();
        var question = Question(ids);
        await using (await other.BeginTransactionAsync())
        {
            await ExecuteAsync(other, "LOCK TABLE maestra.heads");

            var refused = Assert.IsType<QuestionOutcome.NotCommitted>(await store.StoreQuestionAsync(question, CancellationToken.None).WaitAsync(TestTimeouts.Signal));

            Assert.Equal(StoreFailureKind.Unavailable, refused.Failure.Kind);
            Assert.Equal(StoreHealthState.Healthy, store.Status.Health);
        }

        Assert.IsType<QuestionOutcome.Stored>(await store.StoreQuestionAsync(question, CancellationToken.None));
    }

    /// <summary>A server that takes connections and answers nothing, as one does whose disk hangs.</summary>
    [PostgresFact]
    public async Task Write_ServerThatHangs_IsRefusedAfterABoundedTimeAndRecovers()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var ids = new IdSource(TimeProvider.System);
        await using var store = await OpenAsync(cluster, ids);
        await store.StoreQuestionAsync(Question(ids), CancellationToken.None);
        var question = Question(ids);
        await cluster.SuspendAsync();

        var refused = Assert.IsType<QuestionOutcome.NotCommitted>(
            await store.StoreQuestionAsync(question, CancellationToken.None).WaitAsync(TestTimeouts.Signal));
        Assert.Equal(StoreFailureKind.Unavailable, refused.Failure.Kind);
        Assert.Equal(StoreHealthState.Unavailable, store.Status.Health);

        await cluster.ResumeAsync();
        Assert.True(await store.StoreQuestionAsync(question, CancellationToken.None) is QuestionOutcome.Stored or QuestionOutcome.Known);
        var read = Assert.IsType<ReadOutcome.Found>(await store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main") }, CancellationToken.None));
        Assert.Equal(2, read.Conversation.Messages.Count);
    }

    /// <summary>Whoever writes an export awaits its messages: while the database hangs no thread of the pool hangs with it.</summary>
    [PostgresFact]
    public async Task Read_OfAWholeConversationWhileTheServerHangs_HoldsNoThread()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var ids = new IdSource(TimeProvider.System);
        await using var store = await OpenAsync(cluster, ids);
        await store.StoreQuestionAsync(Question(ids), CancellationToken.None);
        var whole = Assert.IsType<ReadOutcome.Found>(await store.ReadAsync(
            new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main"), Limit = ReadQuery.AllMessages }, CancellationToken.None));
        await using var messages = StreamedConversation.Of(whole.Conversation).Messages.GetAsyncEnumerator();
        await cluster.SuspendAsync();

        var walking = Task.Factory.StartNew(() => messages.MoveNextAsync().AsTask(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var reading = await walking.WaitAsync(TestTimeouts.Signal);
        var wasRead = reading.IsCompleted;
        await cluster.ResumeAsync();

        Assert.False(wasRead);
        Assert.True(await reading.WaitAsync(TestTimeouts.Signal));
        Assert.Equal("q", messages.Current.Content);
        Assert.False(await messages.MoveNextAsync());
    }

    private static async Task<IConversationStore> OpenAsync(PostgresCluster cluster, IdSource ids) => Assert.IsType<StoreOpening.Opened>(await StoreOpener.OpenPostgresAsync(
        OpenedStore.Options("/nowhere", StoreNamespace.PerUser), PostgresAddress.TryParse(cluster.Url("postgres"), out _)!,
        TimeProvider.System, ids, NullLogger.Instance, CancellationToken.None)).Store;

    private static async Task<bool> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is true;
    }

    private static QuestionDraft Question(IdSource ids) => new()
    {
        User = OpenedStore.Ada,
        OperationId = ids.NewOperationId(),
        ConversationId = ConversationId.Parse("main"),
        Message = "q",
        Surface = OpenedStore.Windsurf,
        ModeHint = null,
        Fingerprint = OpenedStore.Fingerprint("q"),
    };

    private static async Task<List<(QuestionDraft Question, StoreFailure Failure)>> WhileWritingAsync(
        IConversationStore store, IdSource ids, HashSet<OperationId> acknowledged, TaskCompletionSource enough, PostgresCluster cluster)
    {
        var refused = new List<(QuestionDraft, StoreFailure)>();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var question = Question(ids);
                var outcome = await store.StoreQuestionAsync(question, CancellationToken.None);
                lock (refused)
                {
                    if (outcome is QuestionOutcome.NotCommitted lost)
                    {
                        refused.Add((question, lost.Failure));
                        return;
                    }

                    // Known: the first try had been stored when its connection was lost, and the second found it.
                    Assert.True(outcome is QuestionOutcome.Stored or QuestionOutcome.Known, outcome.ToString());
                    acknowledged.Add(question.OperationId);
                    if (acknowledged.Count >= WritesBeforeTheKill)
                        enough.TrySetResult();
                }
            }
        })));
        await Task.WhenAny(enough.Task, writing);
        await cluster.KillAsync();
        await writing;
        return refused;
    }
}
