using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Recovery;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Search;

/// <summary>The search index is read behind the start (decision 66): what searches waits for it, nothing else does, and an erasure reaches it all the same.</summary>
public sealed class SearchLoadTests
{
    private const int SegmentDamaged = 2053;
    private const int Rebuilt = 2055;

    [Fact]
    public async Task Open_WhileTheIndexIsBeingRead_TakesEverythingButSearches()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "before", "gone");
        DamageFacts(Files(root)[0]);
        using var held = new HoldingLogger();
        await using var store = await OpenAsync(root, held);

        var search = store.SearchAsync();
        await held.Reached.WaitAsync(TestTimeouts.Signal);
        using var impatient = new CancellationTokenSource();
        var cancelled = store.SearchAsync(impatient.Token);
        await store.AskAsync("needle while", "c-while").WaitAsync(TestTimeouts.Signal);
        await store.EraseAsync("c-gone").WaitAsync(TestTimeouts.Signal);
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(TestTimeouts.Signal));
        Assert.False(search.IsCompleted);
        held.Release();
        Assert.Equal(["needle before", "needle while"], Texts(await search.WaitAsync(TestTimeouts.Signal)));
        Assert.Equal(["needle before", "needle while"], Texts(await store.SearchAsync()));
    }

    [Fact]
    public async Task Search_IndexCannotBeReadInTime_IsUnavailable()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "before");
        DamageFacts(Files(root)[0]);
        using var held = new HoldingLogger();
        await using var store = await OpenAsync(root, held);

        var search = store.SearchAsync();
        await held.Reached.WaitAsync(TestTimeouts.Signal);
        store.Time.Advance(LogStore.LongestWaitForIndex);

        Assert.Equal(
            StoreFailureKind.Unavailable, Assert.IsType<SearchOutcome.Unavailable>(await search.WaitAsync(TestTimeouts.Signal)).Failure.Kind);
        held.Release();
    }

    [Fact]
    public async Task Dispose_WhileTheIndexIsBeingRead_EndsAndLosesNothing()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "first");
        await FillAsync(root, "second");
        DamageFacts(Files(root)[0]);
        using (var held = new HoldingLogger())
        {
            var store = await OpenAsync(root, held);
            await UntilItIsReadAsync(store, held);
            await store.AskAsync("needle third", "c-third");
            var stopped = store.DisposeAsync().AsTask();
            held.Release();
            await stopped.WaitAsync(TestTimeouts.Signal);
        }

        await FindsAllAsync(root, "first", "second", "third");
    }

    [Fact]
    public async Task Open_NobodySearches_TheIndexIsReadAfterARest()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "first");
        DamageFacts(Files(root)[0]);
        using var held = new HoldingLogger();
        await using var store = await OpenAsync(root, held);

        await UntilItIsReadAsync(store, held);

        held.Release();
    }

    [Fact]
    public async Task Load_WhenStopped_LeavesTheFilesForTheNextStart()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "first");
        await FillAsync(root, "second");
        var before = Files(root);
        using (var opened = new OpenedKeeper(root))
        {
            opened.Keeper.Stop();
            opened.Keeper.Load();
            Assert.True(opened.State.Search.LoadedAsync().IsCompleted);
            Assert.Throws<IOException>(opened.Keeper.Purge);
            opened.Keeper.Close();
        }

        Assert.Equal(before, Files(root));
        Assert.DoesNotContain((await FindsAllAsync(root, "first", "second")).Records.Snapshot(), static record => record.Event.Id is SegmentDamaged or Rebuilt);
    }

    [Fact]
    public async Task Purge_BeforeTheIndexWasRead_TakesErasedWordsOutOfTheFiles()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root, "kept", "canary");
        await using (var store = OpenedStore.At(root))
            await store.EraseAsync("c-canary");
        Assert.True(FilesHold(root, "canary"));

        using (var opened = new OpenedKeeper(root))
            opened.Keeper.Purge();

        Assert.False(FilesHold(root, "canary"));
        Assert.True(FilesHold(root, "kept"));
    }

    /// <summary>A log that lost its end, as when an older copy of its newest segment was put back: the next message has a number that a file had before.</summary>
    [Fact]
    public async Task Open_FileGoesOnBehindTheEndOfTheLog_FindsWhatIsWrittenThere()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var snapshot = Path.Combine(root, "log", "index.snapshot");
        await FillAsync(root, "first");
        var early = await File.ReadAllBytesAsync(snapshot);
        await FillAsync(root, "second");
        await File.WriteAllBytesAsync(snapshot, early);
        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var lines = await File.ReadAllBytesAsync(segment);
        await File.WriteAllBytesAsync(segment, lines[..(lines.AsSpan()[..^1].LastIndexOf((byte)'\n') + 1)]);

        await using var store = OpenedStore.At(root);
        await store.ExchangeAsync("needle third", conversation: "c-third");

        Assert.Equal(["needle first", "needle second", "needle third"], Texts(await store.Store.SearchAsync(Needle, CancellationToken.None)));
    }

    private static SearchQuery Needle { get; } = new() { Text = "needle", Owner = OpenedStore.Ada, Limit = 100 };

    private static async Task<CapturingLogger> FindsAllAsync(string root, params string[] words)
    {
        await using var store = OpenedStore.At(root);
        Assert.Equal(words.Select(static word => $"needle {word}"), Texts(await store.Store.SearchAsync(Needle, CancellationToken.None)));
        return store.Logger;
    }

    private static string[] Files(string root) => [.. Directory.GetFiles(Path.Combine(root, "log", "search")).Order(StringComparer.Ordinal)];

    private static bool FilesHold(string root, string word) => Files(root).Any(path =>
    {
        var file = DiskSegment.TryOpen(path)!;
        var isThere = file.Find(TermHash.Of(word)) is not null;
        file.Release();
        return isThere;
    });

    /// <summary>Its header stays whole, so that only who reads the file finds out.</summary>
    private static void DamageFacts(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[SegmentHeader.Bytes] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static async Task FillAsync(string root, params string[] words)
    {
        await using var store = OpenedStore.At(root);
        foreach (var word in words)
            await store.ExchangeAsync($"needle {word}", "Yes.", $"c-{word}");
    }

    private static IEnumerable<string> Texts(SearchOutcome outcome) =>
        Assert.IsType<SearchOutcome.Ranked>(outcome).Passages.Select(static one => one.Content).Order();

    private static async Task<HeldStore> OpenAsync(string root, HoldingLogger logger)
    {
        var time = new ManualTimeProvider();
        var ids = new IdSource(time);
        var opening = await Task.Run(() => StoreOpener.OpenLog(OpenedStore.Options(root), time, ids, logger)).WaitAsync(TestTimeouts.Signal);
        return new HeldStore(Assert.IsType<StoreOpening.Opened>(opening), time, ids);
    }

    /// <summary>Moves the clock, since nobody searches.</summary>
    private static async Task UntilItIsReadAsync(HeldStore store, HoldingLogger held)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (!held.Reached.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            store.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    /// <summary>A store that is open while its index is being read.</summary>
    private sealed class HeldStore(StoreOpening.Opened opened, ManualTimeProvider time, IdSource ids) : IAsyncDisposable
    {
        public ManualTimeProvider Time => time;

        public Task<SearchOutcome> SearchAsync(CancellationToken cancellationToken = default) =>
            opened.Store.SearchAsync(Needle, cancellationToken);

        public async Task AskAsync(string message, string conversation) => Assert.IsType<QuestionOutcome.Stored>(await opened.Store.StoreQuestionAsync(
            new QuestionDraft
            {
                User = OpenedStore.Ada,
                OperationId = ids.NewOperationId(),
                ConversationId = ConversationId.Parse(conversation),
                Message = message,
                Surface = OpenedStore.Windsurf,
                ModeHint = null,
                Fingerprint = OpenedStore.Fingerprint(message),
            },
            CancellationToken.None));

        public async Task EraseAsync(string conversation) => Assert.IsType<EraseOutcome.Erased>(
            await opened.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse(conversation), CancellationToken.None));

        public ValueTask DisposeAsync() => opened.Store.DisposeAsync();
    }

    /// <summary>A store as it is before its index is read.</summary>
    private sealed class OpenedKeeper : IDisposable
    {
        private readonly SegmentFiles _segments;

        public OpenedKeeper(string root)
        {
            var log = new LogFolder(root);
            _segments = new SegmentFiles(log, PhysicalDisk.Instance, new ManualTimeProvider());
            State = new LogState(StoreNamespace.Shared, searches: true);
            var known = new SnapshotFile(log, _segments).TryRead(State, out _);
            Keeper = new SearchKeeper(State, _segments, log, PhysicalDisk.Instance, NullLogger.Instance);
            Keeper.Open(State.Index.Operations.Count);
            new LogRecovery(log, _segments, PhysicalDisk.Instance, State, Keeper, NullLogger.Instance).Read(known);
            Keeper.Complete();
        }

        public LogState State { get; }

        public SearchKeeper Keeper { get; }

        public void Dispose()
        {
            Keeper.Dispose();
            _segments.Dispose();
        }
    }

    /// <summary>Holds whoever says that a search file is damaged, which is the reading of the index.</summary>
    private sealed class HoldingLogger : ILogger, IDisposable
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Task Reached => _reached.Task;

        public void Release() => _released.Set();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id != SegmentDamaged)
                return;
            _reached.TrySetResult();
            Assert.True(_released.Wait(TestTimeouts.Signal));
        }

        public void Dispose()
        {
            _released.Set();
            _released.Dispose();
        }
    }
}
