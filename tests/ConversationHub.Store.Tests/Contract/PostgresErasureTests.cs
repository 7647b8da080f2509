using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>T48 for the hosted store: what was erased leaves the files of the tables. Needs a server of its own, whose files can be read.</summary>
public sealed class PostgresErasureTests : IAsyncLifetime
{
    private const string Canary = "swordfish7d1c";
    private readonly ManualTimeProvider _time = new();
    private readonly CapturingLogger _logger = new();
    private PostgresCluster _cluster = null!;
    private StoreOpening.Opened _opened = null!;

    private string Connection => PostgresAddress.TryParse(_cluster.Url("postgres") + "?command_timeout=60&timeout=60", out _)!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        _opened = Assert.IsType<StoreOpening.Opened>(await StoreOpener.OpenPostgresAsync(
            OpenedStore.Options("/nowhere", StoreNamespace.PerUser), Connection, _time, new IdSource(_time), _logger, CancellationToken.None));
    }

    public async Task DisposeAsync()
    {
        if (_opened is not null)
            await _opened.Store.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [PostgresFact]
    public async Task Compact_AfterErase_TheCanaryIsInNoFileOfTheTables()
    {
        await FillAndEraseAsync();
        Assert.NotEmpty(await FilesWithAsync());

        Assert.Null(await _opened.Archive.CompactAsync(CancellationToken.None));

        Assert.Empty(await FilesWithAsync());
        Assert.IsType<ReadOutcome.Erased>(await ReadAsync("main"));
        Assert.IsType<ReadOutcome.Found>(await ReadAsync("kept"));
    }

    [PostgresFact]
    public async Task Erase_ThenTheNextRound_IsGoneFromTheFilesByItself()
    {
        await FillAndEraseAsync();

        await AdvanceUntilCompactedAsync();

        Assert.Empty(await FilesWithAsync());
    }

    /// <summary>A connection that is lost after the commit has its statement sent again: that must tell what the first one did, not fail.</summary>
    [PostgresFact]
    public async Task SecondTry_OfAWriteWhoseAnswerWasLost_TellsWhatTheFirstDid()
    {
        await FillAndEraseAsync();
        await AskAsync("old", "old");
        const string Origin = "(SELECT origin FROM maestra.heads WHERE user_id = 'ada')";
        const string Field = $"SELECT maestra.store_field({Origin}, 'ada', 'kept', '019b8d7d-f23b-7a1b-ac3d-4e5f60718201', 1, now(), '{{\"name\":\"title\",\"value\":\"t\"}}')";
        const string Old = $"SELECT maestra.erase_untouched({Origin}, 'ada', 'old', '019b8d7d-f23b-7a1b-ac3d-4e5f60718203', 1, '{{\"scope\":\"conversation\"}}', 'infinity', 9223372036854775807)";
        const string User = $"SELECT maestra.erase_user({Origin}, 'ada', '019b8d7d-f23b-7a1b-ac3d-4e5f60718202', 1, '{{\"scope\":\"user\"}}')::text";

        Assert.Equal(("stored", "stored"), (await ScalarAsync(Field), await ScalarAsync(Field)));
        Assert.Equal(("erased", "erased"), (await ScalarAsync(Old), await ScalarAsync(Old)));
        Assert.Equal(("1", "1"), (await ScalarAsync(User), await ScalarAsync(User)));
    }

    /// <summary>A transaction that still sees the text keeps it in the tables: that is not taken for done.</summary>
    [PostgresFact]
    public async Task Compact_WhileAnOldTransactionSeesTheText_WaitsForItsEnd()
    {
        await AskAsync("main", Canary);
        await using var other = new NpgsqlConnection(Connection);
        await other.OpenAsync();
        var transaction = await other.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var look = new NpgsqlCommand("SELECT count(*) FROM maestra.operations", other, transaction))
            await look.ExecuteScalarAsync();
        await _opened.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("main"), CancellationToken.None);

        Assert.Equal(StoreFailureKind.Unavailable, (await _opened.Archive.CompactAsync(CancellationToken.None))?.Kind);
        await transaction.CommitAsync();
        Assert.Null(await _opened.Archive.CompactAsync(CancellationToken.None));

        Assert.Empty(await FilesWithAsync());
    }

    private async Task FillAndEraseAsync()
    {
        await AskAsync("main", Canary);
        await AskAsync("main", Canary + new string('x', 20_000));
        await AskAsync("kept", "kept");
        await _opened.Archive.ChangeAsync(
            new ConversationChange { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main"), Title = Canary, AddTags = [Canary] },
            CancellationToken.None);
        await ExecuteAsync("ANALYZE");
        Assert.IsType<EraseOutcome.Erased>(
            await _opened.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("main"), CancellationToken.None));
    }

    /// <summary>A peer's stub takes the copy that is shown here, and nothing else tells of it.</summary>
    [PostgresFact]
    public async Task Stub_OfWhatIsShownHere_IsGoneFromTheFilesByItself()
    {
        await AskAsync("main", Canary);
        await AskAsync("kept", "kept");
        var held = (await _opened.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!.Operations[0];
        Assert.NotEmpty(await FilesWithAsync());

        Assert.IsType<SyncApplyOutcome.Applied>(await _opened.Sync.ApplyAsync(
            SyncScope.Everybody, [held with { Origin = "local_sha256_00000000000000aa~00000001", Seq = 1, Message = null }], CancellationToken.None));
        await AdvanceUntilCompactedAsync();

        Assert.Empty(await FilesWithAsync());
        Assert.IsType<ReadOutcome.Found>(await ReadAsync("kept"));
    }

    /// <summary>What nobody foresaw must not end the rounds that look after the database.</summary>
    [PostgresFact]
    public async Task Watch_ARoundFails_TheNextOnesGoOn()
    {
        await AskAsync("main", "one");
        await ExecuteAsync("ALTER TABLE maestra.conversations RENAME TO away");
        await AdvanceUntilAsync(_logger.Records.FirstAsync(static record => record.Event.Id == 2100));
        await ExecuteAsync("ALTER TABLE maestra.away RENAME TO conversations");

        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (_opened.Store.Status.Conversations != 1)
        {
            patience.Token.ThrowIfCancellationRequested();
            await _time.WaitForTimersAsync();
            _time.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(20);
        }
    }

    private async Task AskAsync(string conversation, string message) => Assert.IsType<QuestionOutcome.Stored>(await _opened.Store.StoreQuestionAsync(
        new QuestionDraft
        {
            User = OpenedStore.Ada,
            OperationId = new IdSource(TimeProvider.System).NewOperationId(),
            ConversationId = ConversationId.Parse(conversation),
            Message = message,
            Surface = OpenedStore.Windsurf,
            ModeHint = null,
            Fingerprint = OpenedStore.Fingerprint(message),
        },
        CancellationToken.None));

    private Task<ReadOutcome> ReadAsync(string conversation) => _opened.Store.ReadAsync(
        new ReadQuery { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse(conversation) }, CancellationToken.None);

    private Task AdvanceUntilCompactedAsync() => AdvanceUntilAsync(_logger.Records.FirstAsync(static record => record.Event.Id == 2060));

    private async Task AdvanceUntilAsync(Task logged)
    {
        while (!logged.IsCompleted)
        {
            await _time.WaitForTimersAsync();
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(logged, Task.Delay(50));
        }

        await logged;
    }

    /// <summary>Files of the databases that hold the text, once everything in memory is written. The write-ahead log is not among them.</summary>
    private async Task<string[]> FilesWithAsync()
    {
        await ExecuteAsync("CHECKPOINT");
        return
        [
            .. Directory.EnumerateFiles(Path.Combine(_cluster.DataFolder, "base"), "*", SearchOption.AllDirectories)
                .Where(static path => File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Canary)) >= 0),
        ];
    }

    private async Task<string?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() as string;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
