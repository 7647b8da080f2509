using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>
/// A database that is put back to an earlier state while replicas run over it: none of them gives out a number again under which a peer holds what was
/// written since (decision 61). Needs a server of its own.
/// </summary>
public sealed class PostgresRestoreTests
{
    private const string HostedId = "hosted_sha256_584782401a33660a";
    private const string Database = "postgres";

    private readonly ManualTimeProvider _time = new();

    /// <param name="how">In what way it was put back.</param>
    /// <param name="writer">Which replica writes first after that: the one that wrote what is lost, or one that has seen none of it.</param>
    [PostgresTheory]
    [InlineData("a dump", "the first")]
    [InlineData("a dump", "the second")]
    [InlineData("the rows of a dump", "the second")]
    [InlineData("the files", "the first")]
    [InlineData("the files", "the second")]
    public async Task Write_AfterTheDatabaseWasPutBack_ReachesThePeerAndWhatWasLostComesBack(string how, string writer)
    {
        await using var cluster = await PostgresCluster.StartAsync();
        await using var peerStore = OpenedStore.New(time: _time);
        var peer = new SyncSide(OpenedStore.BackendId, (StoreOpening.Opened)peerStore.Opening, _time);
        var first = await OpenAsync(cluster);
        var second = await OpenAsync(cluster);
        try
        {
            await first.AskAsync("before");
            var backup = how == "the files" ? await cluster.CopyFilesAsync() : await cluster.DumpAsync(Database);
            await first.AskAsync("lost");
            await first.AskAsync("lost too");
            await peer.PullAsync(first);
            await SeenAsync(cluster);
            await (how switch
            {
                "a dump" => cluster.ReadBackAsync(backup, Database),
                "the rows of a dump" => cluster.ReadRowsBackAsync(backup, Database, "maestra"),
                _ => cluster.PutFilesBackAsync(backup),
            });
            var (one, other) = writer == "the first" ? (first, second) : (second, first);

            // As many as were lost and more, so that a number alone says nothing.
            foreach (var message in (string[])["after", "after it", "and then"])
                await one.AskAsync(message);
            await other.AskAsync("of the other");

            await peer.PullAsync(one);
            await one.PullAsync(peer);
            Assert.Equal("before|Yes.|lost|Yes.|lost too|Yes.|after|Yes.|after it|Yes.|and then|Yes.|of the other|Yes.", await peer.TranscriptAsync());
            Assert.Equal(await peer.DigestAsync(), await one.DigestAsync());
            Assert.Equal(await peer.HaveAsync(), await other.HaveAsync());
        }
        finally
        {
            await first.Store.DisposeAsync();
            await second.Store.DisposeAsync();
        }
    }

    /// <summary>What the database itself has from its copy says nothing: whoever remembers more decides, though it looks later.</summary>
    [PostgresFact]
    public async Task Write_AReplicaThatRemembersNothingHasLookedFirst_GivesOutNoNumberAgain()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        await using var peerStore = OpenedStore.New(time: _time);
        var peer = new SyncSide(OpenedStore.BackendId, (StoreOpening.Opened)peerStore.Opening, _time);
        var first = await OpenAsync(cluster);
        SyncSide? started = null;
        try
        {
            await first.AskAsync("before");
            var backup = await cluster.CopyFilesAsync();
            await first.AskAsync("lost");
            await first.AskAsync("lost too");
            await peer.PullAsync(first);
            await SeenAsync(cluster, replicas: 1);
            await cluster.PutFilesBackAsync(backup);
            started = await OpenAsync(cluster);

            foreach (var message in (string[])["after", "after it", "and then"])
                await first.AskAsync(message);
            await started.AskAsync("of the other");

            await peer.PullAsync(first);
            await first.PullAsync(peer);
            Assert.Equal("before|Yes.|lost|Yes.|lost too|Yes.|after|Yes.|after it|Yes.|and then|Yes.|of the other|Yes.", await peer.TranscriptAsync());
            Assert.Equal(await peer.DigestAsync(), await first.DigestAsync());
            Assert.Equal(2, (await first.HaveAsync()).Count);
        }
        finally
        {
            await first.Store.DisposeAsync();
            if (started is not null)
                await started.Store.DisposeAsync();
        }
    }

    /// <summary>No replica runs that could remember: what it kept beside itself does.</summary>
    /// <param name="isPutBack">False: the server is merely started anew, which changes no stream.</param>
    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_TheFilesWerePutBackWhileAllWereStopped_GivesOutNoNumberAgain(bool isPutBack)
    {
        var memory = new Memory();
        await using var cluster = await PostgresCluster.StartAsync();
        await using var peerStore = OpenedStore.New(time: _time);
        var peer = new SyncSide(OpenedStore.BackendId, (StoreOpening.Opened)peerStore.Opening, _time);
        var first = await OpenAsync(cluster, memory);
        string backup;
        try
        {
            await first.AskAsync("before");
            backup = await cluster.CopyFilesAsync();
            await first.AskAsync("lost");
            await first.AskAsync("lost too");
            await peer.PullAsync(first);
        }
        finally
        {
            await first.Store.DisposeAsync();
        }

        if (isPutBack)
        {
            await cluster.PutFilesBackAsync(backup);
        }
        else
        {
            await cluster.KillAsync();
            await cluster.StartServerAsync();
        }

        first = await OpenAsync(cluster, memory);
        try
        {
            foreach (var message in (string[])["after", "after it", "and then"])
                await first.AskAsync(message);

            await peer.PullAsync(first);
            await first.PullAsync(peer);
            Assert.Equal("before|Yes.|lost|Yes.|lost too|Yes.|after|Yes.|after it|Yes.|and then|Yes.", await peer.TranscriptAsync());
            Assert.Equal(isPutBack ? 2 : 1, (await first.HaveAsync()).Count);
        }
        finally
        {
            await first.Store.DisposeAsync();
        }
    }

    /// <summary>A machine that was put back with its memory, again and again: the server has the start it had, and its log is shorter than it was.</summary>
    /// <param name="isFirst">Whether it is the run of the server in which the database was made.</param>
    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_AfterTheServerWentBackWithinItsRun_TakesNewStreamsEachTime(bool isFirst)
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var first = await OpenAsync(cluster);
        await first.AskAsync("before");
        await first.Store.DisposeAsync();
        if (!isFirst)
        {
            await cluster.KillAsync();
            await cluster.StartServerAsync();
        }

        first = await OpenAsync(cluster);
        try
        {
            await SeenAsync(cluster, replicas: 1);
            var streams = new List<int>();
            foreach (var (far, back) in ((long, long)[])[(9_000_000_000, 1_000), (5_000, 2_000), (6_000, 5_500)])
            {
                await GoAsync(cluster, far);
                await first.AskAsync("there");
                await GoAsync(cluster, back);
                await first.AskAsync("back");
                streams.Add((await first.HaveAsync()).Count);
            }

            Assert.Equal([2, 3, 4], streams);
        }
        finally
        {
            await first.Store.DisposeAsync();
        }
    }

    /// <summary>Twice to the same state: the streams that were taken after the first time are not known to it.</summary>
    [PostgresFact]
    public async Task Write_AfterTheServerWentBackTwiceToTheSameState_TakesNewStreamsEachTime()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var log = new CapturingLogger();
        var first = await OpenAsync(cluster, logger: log);
        var second = await OpenAsync(cluster, logger: log);
        try
        {
            // Streams of this very run, as after a first going back.
            Assert.Null(await first.Sync.TakeNewOriginsAsync("a test", CancellationToken.None));
            await first.AskAsync("before");
            await using var source = NpgsqlDataSource.Create(PostgresAddress.TryParse(cluster.Url(Database), out _)!);
            await using (var keep = source.CreateCommand("CREATE TABLE kept AS SELECT store_id, earlier FROM maestra.store; CREATE TABLE kept_heads AS SELECT origin, closed FROM maestra.heads"))
                await keep.ExecuteNonQueryAsync();
            await using var putBack = source.CreateCommand("""
                UPDATE maestra.store SET (store_id, earlier) = (SELECT store_id, earlier FROM kept);
                UPDATE maestra.heads h SET closed = k.closed FROM kept_heads k WHERE k.origin = h.origin
                """);
            var streams = new List<int>();

            // The second time its log has grown beyond what was seen before anybody looks.
            foreach (var (far, back) in ((long, long)[])[(9_000_000_000, 1_000), (5_000, 6_000)])
            {
                await GoAsync(cluster, far, replicas: 2);
                await first.AskAsync("there");
                await putBack.ExecuteNonQueryAsync();
                await GoAsync(cluster, back, replicas: 2);
                await first.AskAsync("back");
                streams.Add((await first.HaveAsync()).Count);
            }

            Assert.Equal([2, 3], streams);
            Assert.Equal(3, Renewals(log));
        }
        finally
        {
            await first.Store.DisposeAsync();
            await second.Store.DisposeAsync();
        }
    }

    /// <summary>Its connections do not outlive that: the next write comes through a new one, and waits for no round.</summary>
    [PostgresFact]
    public async Task Write_ThroughTheFirstConnectionToAServerThatWentBack_TakesNewStreams()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var first = await OpenAsync(cluster);
        try
        {
            await GoAsync(cluster, 9_000_000_000);
            await first.AskAsync("before");
            await using var source = NpgsqlDataSource.Create(PostgresAddress.TryParse(cluster.Url(Database), out _)!);
            await SetFlushedAsync(source, 1_000);
            await using var cut = source.CreateCommand(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
            await cut.ExecuteNonQueryAsync();

            await first.AskAsync("after");

            Assert.Equal(2, (await first.HaveAsync()).Count);
        }
        finally
        {
            await first.Store.DisposeAsync();
        }
    }

    /// <summary>Each remembers more than the server has, and one look is enough for all: each stream stays in every vector.</summary>
    [PostgresFact]
    public async Task Look_ServerWentBackUnderSeveralReplicas_NewStreamsAreTakenOnce()
    {
        var log = new CapturingLogger();
        await using var cluster = await PostgresCluster.StartAsync();
        var replicas = new List<SyncSide>();
        try
        {
            for (var i = 0; i < 3; i++)
                replicas.Add(await OpenAsync(cluster, logger: log));
            await replicas[0].AskAsync("before");

            // Of the second time all remember streams that were taken by a look.
            foreach (var (far, back) in ((long, long)[])[(9_000_000_000, 1_000), (5_000, 2_000)])
            {
                await GoAsync(cluster, far, replicas: 3);
                await GoAsync(cluster, back, replicas: 3);
                foreach (var replica in replicas)
                    await replica.AskAsync("after");
            }

            Assert.Equal(2, Renewals(log));
            Assert.Equal(3, (await replicas[0].HaveAsync()).Count);

            // Asked for by somebody else, as store new-origin does.
            Assert.Null(await replicas[0].Sync.TakeNewOriginsAsync("a test", CancellationToken.None));
            await GoAsync(cluster, 6_000, replicas: 3);
            Assert.Equal(3, Renewals(log));
        }
        finally
        {
            foreach (var replica in replicas)
                await replica.Store.DisposeAsync();
        }
    }

    /// <summary>One that writes nothing would remember streams that are no longer written to, which says nothing of the present ones.</summary>
    [PostgresFact]
    public async Task Write_TheReplicaThatWroteIsGone_OneThatOnlyLookedOnTakesNewStreams()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var first = await OpenAsync(cluster);
        var second = await OpenAsync(cluster);
        try
        {
            await first.AskAsync("before");
            Assert.Null(await first.Sync.TakeNewOriginsAsync("a test", CancellationToken.None));
            await first.AskAsync("lost");
            await GoAsync(cluster, 9_000_000_000, replicas: 2);
            await first.Store.DisposeAsync();
            await GoAsync(cluster, 1_000);

            await second.AskAsync("after");

            Assert.Equal(3, (await second.HaveAsync()).Count);
        }
        finally
        {
            await first.Store.DisposeAsync();
            await second.Store.DisposeAsync();
        }
    }

    /// <summary>A server that is merely started anew lost nothing: every start would add streams to every vector.</summary>
    [PostgresFact]
    public async Task Write_AfterTheServerStartedAnew_GoesOnInItsStream()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var first = await OpenAsync(cluster);
        var second = await OpenAsync(cluster);
        try
        {
            await first.AskAsync("before");
            await SeenAsync(cluster);
            await cluster.KillAsync();
            await cluster.StartServerAsync();

            await second.AskAsync("after");
            await first.AskAsync("after it");

            Assert.Equal(6, Assert.Single(await first.HaveAsync()).Value);
        }
        finally
        {
            await first.Store.DisposeAsync();
            await second.Store.DisposeAsync();
        }
    }

    /// <summary>A replica was away while its database moved to a cluster that counts transactions from the beginning: what was erased there meanwhile is told to it.</summary>
    [PostgresFact]
    public async Task Erasures_SinceAPlaceOfAnotherCluster_AreAllTold()
    {
        string dump, place;
        await using var old = await PostgresCluster.StartAsync();
        var before = await OpenAsync(old);
        await before.AskAsync("before");
        await SpendAsync(old, 5_000);
        place = await PlaceAsync(before, null);
        await before.Store.DisposeAsync();
        dump = await old.DumpAsync(Database);
        await using var cluster = await PostgresCluster.StartAsync();
        await cluster.ReadBackAsync(dump, Database);
        var after = await OpenAsync(cluster);
        try
        {
            var erased = Assert.IsType<EraseOutcome.Erased>(
                await ((IConversationArchive)after.Store).EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse("main"), CancellationToken.None));

            // By the time the replica looks, the new cluster has counted beyond its place.
            await SpendAsync(cluster, 6_000);

            var (page, failure) = await ((IErasureFeed)after.Store).ReadErasuresAsync(place, CancellationToken.None);
            Assert.Null(failure);
            Assert.Equal(erased.OperationId, Assert.Single(page!.Erasures).Id);
            Assert.Empty((await ((IErasureFeed)after.Store).ReadErasuresAsync(page.Place, CancellationToken.None)).Page!.Erasures);
        }
        finally
        {
            await after.Store.DisposeAsync();
        }
    }

    private static async Task<string> PlaceAsync(SyncSide side, string? after)
    {
        var (page, failure) = await ((IErasureFeed)side.Store).ReadErasuresAsync(after, CancellationToken.None);
        Assert.Null(failure);
        return page!.Place;
    }

    /// <summary>So many transactions pass.</summary>
    private static async Task SpendAsync(PostgresCluster cluster, int transactions)
    {
        await using var source = NpgsqlDataSource.Create(PostgresAddress.TryParse(cluster.Url(Database), out _)!);
        await using var spend = source.CreateCommand(
            $"DO $$ BEGIN FOR i IN 1..{transactions} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
        await spend.ExecuteNonQueryAsync();
    }

    /// <summary>Until the replicas have looked how far the server is, which they do every two seconds: their latest question to it is that one.</summary>
    private async Task SeenAsync(PostgresCluster cluster, int replicas = 2)
    {
        await using var source = NpgsqlDataSource.Create(PostgresAddress.TryParse(cluster.Url(Database), out _)!);
        await using var now = source.CreateCommand("SELECT clock_timestamp()");
        var since = (DateTime)(await now.ExecuteScalarAsync())!;
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await using var looks = source.CreateCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%store_flushed%' AND query_start > $1 AND pid <> pg_backend_pid()");
            looks.Parameters.Add(new NpgsqlParameter { Value = since });
            if ((long)(await looks.ExecuteScalarAsync(limit.Token))! >= replicas)
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        }
    }

    private static int Renewals(CapturingLogger log) => log.Records.Snapshot().Count(static record => record.Event.Id == 2007);

    /// <summary>Until the server's log seems to be at that place, and the replicas have acted on it: their next round comes when the look of this one is over.</summary>
    private async Task GoAsync(PostgresCluster cluster, long place, int replicas = 1)
    {
        await using var source = NpgsqlDataSource.Create(PostgresAddress.TryParse(cluster.Url(Database), out _)!);
        await SetFlushedAsync(source, place);
        await SeenAsync(cluster, replicas);
        await SeenAsync(cluster, replicas);
    }

    private static async Task SetFlushedAsync(NpgsqlDataSource source, long place)
    {
        await using var command = source.CreateCommand(
            $"CREATE OR REPLACE FUNCTION maestra.store_flushed() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT {place}::bigint'");
        await command.ExecuteNonQueryAsync();
    }

    private async Task<SyncSide> OpenAsync(PostgresCluster cluster, IDatabaseMemory? memory = null, ILogger? logger = null) => new(
        HostedId,
        Assert.IsType<StoreOpening.Opened>(await StoreOpener.OpenPostgresAsync(
            OpenedStore.Options("/nowhere", StoreNamespace.PerUser) with { BackendId = HostedId, DatabaseMemory = memory }, PostgresAddress.TryParse(cluster.Url(Database), out _)!,
            _time, new IdSource(_time), logger ?? NullLogger.Instance, CancellationToken.None)),
        _time);

    private sealed class Memory : IDatabaseMemory
    {
        private string? _seen;

        public string? Load() => _seen;

        public void Save(string seen) => _seen = seen;
    }
}
