using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;

namespace ConversationHub.Store.Tests.Changing;

/// <summary>T48, issue 3, 5: copies of erased text that are not where the erasure is looked up, and must go within a minute all the same.</summary>
public sealed class ErasedCopiesTests
{
    private const string Canary = "swordfish7d1c";
    private const string Peer = "local_sha256_00000000000000aa~00000001";

    /// <summary>A peer's stub says that it has erased what is shown here.</summary>
    [Fact]
    public async Task Stub_OfWhatIsShownHere_TakesItsTextWithinAMinute()
    {
        await using var store = OpenedStore.New();
        var question = await store.ExchangeAsync(Canary);
        await store.ExchangeAsync("kept", conversation: "kept");

        await ApplyAsync(store, new SyncOperation
        {
            Id = question.OperationId.Value,
            Kind = OperationKind.Message,
            UserId = "ada",
            ConversationId = "main",
            Origin = Peer,
            Seq = 1,
            Hlc = Clock(store),
        });
        await AfterCompactionAsync(store);

        Assert.Empty(store.FilesWith(Canary));
        Assert.Equal("Yes.", Assert.Single((await store.ReadAsync()).Messages).Content);
        Assert.Equal(2, (await store.ReadAsync("kept")).Messages.Count);
    }

    /// <summary>What is ahead of its time is held back, but not its erasure.</summary>
    [Fact]
    public async Task Message_AheadOfItsTimeInAnErasedConversation_LeavesNoTextWithinAMinute()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("there before");
        await store.EraseAsync();
        Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));

        await ApplyAsync(store, Message(store, Clock(store, TimeSpan.FromMinutes(6)), Canary));
        Assert.NotEmpty(store.FilesWith(Canary));
        await AfterCompactionAsync(store);

        Assert.Empty(store.FilesWith(Canary));
        Assert.Equal(1, ((StoreOpening.Opened)store.Opening).Sync.Quarantined);
        store.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(await ((StoreOpening.Opened)store.Opening).Sync.ReleaseDueAsync(CancellationToken.None));
        Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
    }

    /// <summary>A peer's later message shows the conversation of an erased user again; the imported file holds what was erased.</summary>
    [Fact]
    public async Task EraseUser_WhoseImportedConversationIsShownAgain_RemovesTheImportedCopy()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "main.json"), Earlier("main", Canary));
        await File.WriteAllTextAsync(Path.Combine(root, "kept.json"), Earlier("kept", "kept words").Replace("\"ada\"", "\"bob\"", StringComparison.Ordinal));
        await using var store = OpenedStore.At(root);
        Assert.Equal(2, (await store.ReadAsync()).Messages.Count);

        await store.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None);
        await ApplyAsync(store, Message(store, Clock(store, TimeSpan.FromSeconds(1)), "written later elsewhere"));
        Assert.Equal("written later elsewhere", Assert.Single((await store.ReadAsync()).Messages).Content);
        await AfterCompactionAsync(store);

        Assert.Empty(store.FilesWith(Canary));
        Assert.Contains(store.FilesWith("kept words"), static path => path.StartsWith("imported", StringComparison.Ordinal));
    }

    /// <summary>The files that a compaction replaced are readable for a while under no name; then their text and space go.</summary>
    [Fact]
    public async Task Compact_AFewMinutesLater_HoldsNoReplacedFileOpen()
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using var store = OpenedStore.New();
        await store.ExchangeAsync(Canary);
        await store.EraseAsync();
        Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
        Assert.NotEmpty(OpenUnderNoName(store.Root));

        var signal = DateTime.UtcNow + TestTimeouts.Signal;
        while (OpenUnderNoName(store.Root).Count > 0)
        {
            Assert.True(DateTime.UtcNow < signal, "a replaced segment is still open");
            await store.Time.WaitForTimersAsync();
            store.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(20);
        }
    }

    private static List<string> OpenUnderNoName(string root)
    {
        var found = new List<string>();
        foreach (var link in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            // One that another test closes at this moment is none of ours.
            var target = new FileInfo(link).LinkTarget;
            if (target?.StartsWith(root, StringComparison.Ordinal) == true && target.EndsWith(".jsonl (deleted)", StringComparison.Ordinal))
                found.Add(target);
        }

        return found;
    }

    private static string Earlier(string id, string content) => $$"""
        {"id":"{{id}}","topic":"t","owner":"ada","surfaces":["goose"],"tags":[],"messages":[
         {"role":"user","content":"{{content}}","surface":"goose","mode":null,"timestamp":"2025-01-05T09:30:00Z","meta":{} },
         {"role":"assistant","content":"{{content}} too","surface":"goose","mode":"advisor","timestamp":"2025-01-05T09:30:01Z","meta":{} }],
         "artifacts":[],"meta":{"created_at":"2025-01-05T09:30:00Z","updated_at":"2025-01-05T09:30:01Z","status":"active","message_count":2} }
        """;

    private static SyncOperation Message(OpenedStore store, string hlc, string content) => new()
    {
        Id = Guid.Parse("019b8d7d-0000-7000-8000-000000000099"),
        Kind = OperationKind.Message,
        UserId = "ada",
        ConversationId = "main",
        Origin = Peer,
        Seq = 1,
        Hlc = hlc,
        Message = new MessageBody
        {
            Role = MessageRole.User,
            Content = content,
            Surface = "goose",
            Mode = null,
            Timestamp = store.Time.GetUtcNow(),
            Meta = new MessageMeta(),
        },
    };

    private static string Clock(OpenedStore store, TimeSpan ahead = default) =>
        HybridTimestamp.Create((store.Time.GetUtcNow() + ahead).ToUnixTimeMilliseconds(), 0).ToString();

    private static async Task ApplyAsync(OpenedStore store, params SyncOperation[] batch) => Assert.IsType<SyncApplyOutcome.Applied>(
        await ((StoreOpening.Opened)store.Opening).Sync.ApplyAsync(SyncScope.Everybody, batch, CancellationToken.None));

    private static async Task AfterCompactionAsync(OpenedStore store)
    {
        var before = Count(store.Logger.Records.Snapshot());
        var compacted = store.Logger.Records.WhenAsync(records => Count(records) > before);
        while (!compacted.IsCompleted)
        {
            await store.Time.WaitForTimersAsync();
            store.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(compacted, Task.Delay(20));
        }

        await compacted;

        // The conversation's file and the index of them are written beside the compaction, by a thread of their own.
        var patience = DateTime.UtcNow + TestTimeouts.Signal;
        while (store.FilesWith(Canary).Count > 0 && DateTime.UtcNow < patience)
        {
            await store.Time.WaitForTimersAsync();
            store.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
        }

        static int Count(IReadOnlyList<LogRecord> records) => records.Count(static record => record.Event.Id == 2008);
    }
}
