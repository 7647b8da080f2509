using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using ConversationHub.Testing.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

public sealed class PostgresStoreContractTests(PostgresServer server) : StoreContract, IClassFixture<PostgresServer>
{
    private string? _database;

    [ContractFact]
    public async Task Open_ByFourReplicasAtOnce_MigratesOnceAndSharesOneStream()
    {
        await Store.DisposeAsync();
        var stores = new List<IConversationStore>();
        var openings = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(OpenAsync)));
        stores.AddRange(openings.Select(opening => Assert.IsType<StoreOpening.Opened>(opening).Store));
        var question = Question("once on every replica");

        var outcomes = await Task.WhenAll(stores.SelectMany(store => Enumerable.Range(0, 8)
            .Select(_ => Task.Run(() => store.StoreQuestionAsync(question, CancellationToken.None)))));
        await Task.WhenAll(stores.Select((store, n) => Task.Run(() => store.StoreQuestionAsync(Question($"from {n}"), CancellationToken.None))));

        Assert.Single(outcomes.OfType<QuestionOutcome.Stored>());
        Assert.Equal(31, outcomes.OfType<QuestionOutcome.Known>().Count());
        Assert.Equal([1L, 2, 3, 4, 5], await SeqsAsync());
        foreach (var store in stores)
            await store.DisposeAsync();
        await ReopenAsync();
        Assert.Equal(5, (await ReadAsync()).Messages.Count);
    }

    /// <summary>What was acknowledged is on the server's disk, also where somebody has told it not to wait for that.</summary>
    [ContractFact]
    public async Task Store_WhereCommitsAreNotWaitedFor_WaitsForItsOwn()
    {
        await using var source = NpgsqlDataSource.Create(_database!);
        await using var connection = await source.OpenConnectionAsync();
        await RunAsync("SET synchronous_commit = off");
        Assert.IsType<QuestionOutcome.Stored>(await Store.StoreQuestionAsync(Question("q"), CancellationToken.None));
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await RunAsync("UPDATE maestra.heads SET last_seq = last_seq");
            Assert.Equal("on", await RunAsync("SHOW synchronous_commit"));
        }

        Assert.Equal("off", await RunAsync("SHOW synchronous_commit"));
        await RunAsync("SET synchronous_commit = remote_apply");
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await RunAsync("UPDATE maestra.heads SET last_seq = last_seq");
            Assert.Equal("remote_apply", await RunAsync("SHOW synchronous_commit"));
        }

        async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync();
        }
    }

    /// <summary>An export reads the messages some at a time, whatever else is written meanwhile.</summary>
    [ContractFact]
    public async Task Read_WholeConversation_IsReadWhileItIsWalked()
    {
        const int Count = 450;
        for (var n = 0; n < Count; n++)
            Assert.IsType<QuestionOutcome.Stored>(await Store.StoreQuestionAsync(Question($"message {n}"), CancellationToken.None));
        var whole = Assert.IsType<ReadOutcome.Found>(await Store.ReadAsync(
            new ReadQuery { Owner = Ada, ConversationId = ConversationId.Parse("main"), Limit = ReadQuery.AllMessages }, CancellationToken.None)).Conversation;
        Assert.IsNotType<List<ConversationMessage>>(whole.Messages);
        Assert.IsType<QuestionOutcome.Stored>(await Store.StoreQuestionAsync(Question("later"), CancellationToken.None));

        Assert.Equal(Enumerable.Range(0, Count).Select(static n => $"message {n}"), whole.Messages.Select(static message => message.Content));
        Assert.Equal("message 207", whole.Messages[207].Content);

        Assert.IsType<EraseOutcome.Erased>(await Archive.EraseConversationAsync(Ada, ConversationId.Parse("main"), CancellationToken.None));
        Assert.Throws<IOException>(() => whole.Messages.Count(static message => message.Content.Length > 0));
    }

    [ContractFact]
    public async Task Lease_HeldByAnotherReplica_IsFreeWhenItIsGivenBackOrHasRunOut()
    {
        var question = Ids.NewOperationId();
        var one = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        var two = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        await using var ofOne = one.Store;
        await using var ofTwo = two.Store;

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(n => Task.Run(() => (n % 2 == 0 ? one : two).Leases.TryTakeAsync(Ada, question, CancellationToken.None))));
        var (holder, other) = outcomes[0] is LeaseOutcome.Taken ? (one, two) : (two, one);
        Assert.Equal(8, outcomes.OfType<LeaseOutcome.Taken>().Count());
        Assert.Equal(8, outcomes.OfType<LeaseOutcome.Held>().Count());
        Assert.IsType<LeaseOutcome.Taken>(await other.Leases.TryTakeAsync(Bob, question, CancellationToken.None));

        await other.Leases.ReleaseAsync(Ada, question);
        Assert.IsType<LeaseOutcome.Held>(await other.Leases.TryTakeAsync(Ada, question, CancellationToken.None));
        await holder.Leases.ReleaseAsync(Ada, question);
        Assert.IsType<LeaseOutcome.Taken>(await other.Leases.TryTakeAsync(Ada, question, CancellationToken.None));
        await ExecuteAsync("UPDATE maestra.running SET ends_at = clock_timestamp() - interval '1 s'");
        Assert.IsType<LeaseOutcome.Taken>(await holder.Leases.TryTakeAsync(Ada, question, CancellationToken.None));
        Assert.IsType<LeaseOutcome.Held>(await other.Leases.TryTakeAsync(Ada, question, CancellationToken.None));
    }

    /// <summary>What this store made itself cannot stand twice, whatever a program does; a peer's stream may hold an id again.</summary>
    [ContractFact]
    public async Task Insert_OwnOperationTwice_IsRefusedByTheDatabase()
    {
        var question = await ExchangeAsync("once", "one reply");
        const string Again = """
            INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body, question, own)
            SELECT origin || '9', seq, {0}, user_id, conversation_id, kind, hlc, body, question, {1} FROM maestra.operations WHERE {2}
            """;
        var id = $"id = '{question.OperationId}'";

        var twice = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(string.Format(null, Again, "id", "true", id)));
        var secondReply = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(string.Format(null, Again, "gen_random_uuid()", "true", "question IS NOT NULL")));

        Assert.Equal(("23505", "operations_own_id"), (twice.SqlState, twice.ConstraintName));
        Assert.Equal(("23505", "operations_own_reply"), (secondReply.SqlState, secondReply.ConstraintName));
        await ExecuteAsync(string.Format(null, Again, "id", "false", id));
    }

    [ContractFact]
    public async Task Retention_RoundsOfTwoReplicas_OneDoesEach()
    {
        var two = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        await using var other = two.Store;
        for (var round = 0; round < 3; round++)
        {
            var turns = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() =>
                (n % 2 == 0 ? Retention : (IRetentionStore)other).AdvanceAsync(RetentionClock.RoundEvery, CancellationToken.None))));
            Assert.Single(turns, static turn => turn.Clock is not null);
            Assert.All(turns, static turn => Assert.Null(turn.Failure));
            Time.Advance(RetentionClock.RoundEvery);
        }

        // A claim of a time that is yet to come does not hold retention up.
        Time.WallOffset = TimeSpan.FromDays(-400);
        Assert.Equal(Time.GetUtcNow(), (await Retention.AdvanceAsync(RetentionClock.RoundEvery, CancellationToken.None)).Clock!.Trusted);
    }

    /// <summary>A place in a stream and a name in a namespace are taken once, whatever a program does.</summary>
    [ContractFact]
    public async Task Insert_OfADouble_IsRefusedByTheSchema()
    {
        await ExchangeAsync("once");

        foreach (var table in new[] { "operations", "conversations", "heads" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync($"INSERT INTO maestra.{table} SELECT * FROM maestra.{table}"));
            Assert.Equal(PostgresErrorCodes.UniqueViolation, refused.SqlState);
        }
    }

    /// <summary>64 callers at once share a bounded pool, and a server that hangs costs its caller a bounded time.</summary>
    [ContractFact]
    public async Task Pool_OfOneReplica_IsBounded()
    {
        await Task.WhenAll(Enumerable.Range(0, 64).Select(n => Task.Run(() => AskAsync(Question("q", $"c{n}")))));

        await using var source = NpgsqlDataSource.Create(_database!);
        await using var command = source.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        Assert.InRange((long)(await command.ExecuteScalarAsync())!, 1, 21);
    }

    /// <summary>
    /// A replica that has not heard of new origins must not begin a stream in the old ones: two streams have two locks, under which a question could stand twice.
    /// </summary>
    [ContractFact]
    public async Task TakeNew_AReplicaThatHasNotHeard_BeginsNoStreamInTheOldOrigins()
    {
        var one = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        var two = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        await using var ofOne = one.Store;
        await using var ofTwo = two.Store;
        var three = Assert.IsType<StoreOpening.Opened>(await OpenAsync());
        await using var ofThree = three.Store;
        await one.Store.StoreQuestionAsync(Question("makes a stream", user: Bob), CancellationToken.None);
        var held = Assert.Single((await one.Sync.ReadVectorAsync(SyncScope.Everybody, CancellationToken.None)).Have!);

        // Both at once: the second must not close what the first has begun.
        var notices = await Task.WhenAll(new[] { one, three }
            .Select(each => each.Sync.NoticeAsync(new Dictionary<string, long> { [held.Key] = 99 }, CancellationToken.None)));
        Assert.Contains(notices, static notice => notice.TookNew);
        var question = Question("the first of this user");
        Assert.IsType<QuestionOutcome.Stored>(await two.Store.StoreQuestionAsync(question, CancellationToken.None));
        Assert.IsType<QuestionOutcome.Known>(await one.Store.StoreQuestionAsync(question, CancellationToken.None));
        Assert.IsType<QuestionOutcome.Stored>(await one.Store.StoreQuestionAsync(Question("the next"), CancellationToken.None));

        var streams = (await two.Sync.ReadVectorAsync(SyncScope.Of(["ada"]), CancellationToken.None)).Have!;
        Assert.Equal(2, Assert.Single(streams).Value);
    }

    [ContractFact]
    public async Task Open_SchemaOfANewerVersion_IsRefusedWithBothVersions()
    {
        await using (var source = NpgsqlDataSource.Create(_database!))
        await using (var command = source.CreateCommand("INSERT INTO maestra.migrations (version) VALUES (99)"))
            await command.ExecuteNonQueryAsync();

        var reason = Assert.IsType<StoreOpening.Refused>(await OpenAsync()).Reason;

        Assert.Contains("99", reason, StringComparison.Ordinal);
        Assert.Contains($"knows {Migrations.Latest}", reason, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task Compact_AfterErase_TheCanaryIsInNoTable()
    {
        await ExchangeAsync("canary7d1c", "canary7d1c too");
        await ((IConversationArchive)Store).EraseConversationAsync(Ada, Contracts.ConversationId.Parse("main"), CancellationToken.None);

        await using var source = NpgsqlDataSource.Create(_database!);
        foreach (var table in new[] { "operations", "conversations", "heads", "store" })
        {
            await using var command = source.CreateCommand($"SELECT count(*) FROM maestra.{table} t WHERE t::text LIKE '%canary7d1c%'");
            Assert.Equal(0L, await command.ExecuteScalarAsync());
        }
    }

    private protected override async Task<StoreOpening> OpenAsync()
    {
        _database ??= await server.CreateDatabaseAsync();
        return await StoreOpener.OpenPostgresAsync(
            OpenedStore.Options("/nowhere", StoreNamespace.PerUser), _database, Time, Ids, NullLogger.Instance, CancellationToken.None);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_database!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private protected override async Task ReleaseAsync()
    {
        if (_database is not null)
            await server.DropDatabaseAsync(_database);
    }

    private async Task<List<long>> SeqsAsync()
    {
        await using var source = NpgsqlDataSource.Create(_database!);
        await using var command = source.CreateCommand("SELECT seq FROM maestra.operations ORDER BY origin, seq");
        await using var reader = await command.ExecuteReaderAsync();
        var seqs = new List<long>();
        while (await reader.ReadAsync())
            seqs.Add(reader.GetInt64(0));
        return seqs;
    }
}
