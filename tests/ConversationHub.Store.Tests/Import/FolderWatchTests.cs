using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Import;

/// <summary>Files that appear while the store is open, and what stands in their way (T73, wire.md §10.3).</summary>
public sealed class FolderWatchTests
{
    private const string Canary = "swordfish7d1c";

    /// <summary>The journal of imports has a conversation's kind of name, and is none.</summary>
    [Fact]
    public async Task Ask_ConversationNamedLikeTheJournal_IsOneLikeAnyOther()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Combine("c"));
        await File.WriteAllTextAsync(folder.Combine("c", "notes.json"), """{"id":"notes","messages":[{"role":"user","content":"hello"}]}""");
        await using (var store = OpenedStore.At(folder.Combine("c")))
        {
            Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("q", conversation: "imports")));
            Assert.IsType<QuestionOutcome.Stored>(await store.AskAsync(store.Question("q", conversation: "Imports")));
        }

        await using var again = OpenedStore.At(folder.Combine("c"));
        Assert.Contains("notes.json", await File.ReadAllTextAsync(folder.Combine("c", "imports.json")), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Combine("c"), "imports~*.json"));
        Assert.Single(Directory.GetFiles(folder.Combine("c"), "Imports~*.json"));
    }

    [Fact]
    public async Task Ask_UnknownIdWithAFile_GoesOnWithIt()
    {
        await using var store = OpenedStore.New();
        foreach (var id in new[] { "read", "asked", "changed", "erased" })
            await PutAsync(store, id, Earlier(id, "from long ago"));

        Assert.Equal("from long ago", (await store.ReadAsync("read")).Topic);
        await store.ExchangeAsync("now", conversation: "asked");
        var changed = await store.Archive.ChangeAsync(
            new ConversationChange { Owner = null, ConversationId = ConversationId.Parse("changed"), Title = "t" }, CancellationToken.None);
        var erased = await store.EraseAsync("erased");

        Assert.Equal(["from long ago", "now", "Yes."], (await store.ReadAsync("asked")).Messages.Select(message => message.Content));
        Assert.Equal(1, Assert.IsType<ChangeOutcome.Changed>(changed).Conversation.MessageCount);
        Assert.Equal(1, erased.MessagesErased);
        Assert.False(File.Exists(Path.Combine(store.Root, "erased.json")));
        Assert.IsType<ReadOutcome.NotFound>(await ReadAsync(store, "never"));
    }

    /// <summary>T62.</summary>
    [Fact]
    public async Task Ask_FileThatDoesNotParse_IsDamagedUntilItIsRemovedOrRepaired()
    {
        await using var store = OpenedStore.New();
        const string Broken = "{\"id\":\"main\",\"mess";
        await PutAsync(store, "main", Broken);
        await PutAsync(store, "other", Broken);

        Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q")));
        Assert.IsType<ReadOutcome.Damaged>(await ReadAsync(store, "main"));
        Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q", "other")));
        Assert.Equal(Broken, await File.ReadAllTextAsync(Path.Combine(store.Root, "main.json")));

        File.Delete(Path.Combine(store.Root, "main.json"));
        await PutAsync(store, "other", Earlier("other", "repaired"));
        Assert.IsType<ReadOutcome.NotFound>(await ReadAsync(store, "main"));
        await store.ExchangeAsync("a new one", conversation: "main");
        Assert.Equal("repaired", (await store.ReadAsync("other")).Topic);
    }

    [Fact]
    public async Task Open_FolderWithAPipeAFolderAndAHugeFile_IsNotHeldUp()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(Path.Combine(root, "a-folder.json"));
        var made = await RunningProgram.RunAsync(new ProgramStart("/usr/bin/mkfifo", folder.Path, Path.Combine(root, "pipe.json"), Path.Combine(root, "taken.json")));
        Assert.Equal(0, made.ExitCode);
        await using (var huge = File.Create(Path.Combine(root, "huge.json")))
            huge.SetLength(1L << 40);
        await File.WriteAllTextAsync(Path.Combine(root, "good.json"), Earlier("good", "hello"));

        await using var store = await Task.Run(() => OpenedStore.At(root)).WaitAsync(TestTimeouts.Signal);

        Assert.Equal("hello", (await store.ReadAsync("good")).Topic);
        Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q", "pipe")).WaitAsync(TestTimeouts.Signal));
        Assert.IsType<ReadOutcome.Damaged>(await ReadAsync(store, "huge").WaitAsync(TestTimeouts.Signal));
        await store.ExchangeAsync("q", conversation: "a-folder");
        await store.ExchangeAsync("q", conversation: "free");
        Assert.False(await ((LogStore)store.Store).RebuildViewsAsync().WaitAsync(TestTimeouts.Signal));
        Assert.True(File.Exists(Path.Combine(root, "free.json")));
        Assert.Contains("\"free\"", await File.ReadAllTextAsync(Path.Combine(root, "index.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DiskFullDuringTheImport_GoesOnByItselfWhenThereIsRoom()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var first = OpenedStore.At(root))
            await first.ExchangeAsync("kept", conversation: "kept");
        await File.WriteAllTextAsync(Path.Combine(root, "old.json"), Earlier("old", "from long ago"));
        var disk = new FaultyDisk { IsFull = true };

        await using var store = OpenedStore.At(root, disk: disk);
        Assert.IsType<StoreOpening.Opened>(store.Opening);
        Assert.Equal("kept", (await store.ReadAsync("kept")).Topic);
        Assert.Equal(Earlier("old", "from long ago"), await File.ReadAllTextAsync(Path.Combine(root, "old.json")));

        disk.IsFull = false;
        await RoundsUntilAsync(store, 2012);
        Assert.Equal("from long ago", (await store.ReadAsync("old")).Topic);
    }

    [Fact]
    public async Task Open_DiskFullAfterAPartOfAFile_TheRestFollowsWithoutDoubles()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        var messages = string.Join(',', Enumerable.Range(0, 1200).Select(n => $$"""{"role":"user","content":"message {{n}}"}"""));
        await File.WriteAllTextAsync(Path.Combine(root, "old.json"), $$"""{"id":"old","owner":"ada","messages":[{{messages}}]}""");
        await using (var store = OpenedStore.At(root, disk: new FullAfterDisk(segmentWrites: 1)))
            Assert.Equal(500, (await store.ReadAsync("old", limit: 10_000)).Messages.Count);

        await using var again = OpenedStore.At(root);
        var all = (await again.ReadAsync("old", limit: 10_000)).Messages.Select(message => message.Content).ToArray();
        Assert.Equal(Enumerable.Range(0, 1200).Select(n => $"message {n}"), all);
    }

    /// <summary>T20: a large store is open before its folder was looked at, whose files are then found all the same, after a crash also those in a view's place.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_LargeStore_LooksAtItsFolderBehindTheStart(bool isClean)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var first = OpenedStore.At(root))
        {
            await first.ExchangeAsync("ours", conversation: "main");
            await ((LogStore)first.Store).RebuildViewsAsync();
        }

        await File.WriteAllTextAsync(Path.Combine(root, "new.json"), Earlier("new", "from long ago"));
        await File.WriteAllTextAsync(Path.Combine(root, "index.json.tmp"), Canary);
        if (!isClean)
        {
            await File.WriteAllTextAsync(Path.Combine(root, "main.json"), Earlier("main", "theirs"));
            File.Delete(Path.Combine(root, "log", "clean"));
        }

        var time = new ManualTimeProvider();
        var opened = Assert.IsType<StoreOpening.Opened>(StoreOpener.OpenLog(
            OpenedStore.Options(root) with { LooksFirstUpTo = 0 }, time, new IdSource(time), NullLogger.Instance));
        await using (opened.Store)
        {
            var report = await opened.Import.WaitAsync(TestTimeouts.Signal);

            Assert.Equal(isClean ? 1 : 2, report!.Imported);
            Assert.Empty(report.Damaged);
            foreach (var (id, text) in isClean ? [("new", "from long ago")] : new[] { ("new", "from long ago"), ("main", "theirs") })
            {
                var read = await opened.Store.ReadAsync(new ReadQuery { Owner = null, ConversationId = ConversationId.Parse(id) }, CancellationToken.None);
                Assert.Contains(Assert.IsType<ReadOutcome.Found>(read).Conversation.Messages, message => message.Content == text);
            }
        }

        Assert.False(File.Exists(Path.Combine(root, "index.json.tmp")));
        Assert.True(File.Exists(Path.Combine(root, "log", "clean")));
        Assert.Contains("theirs", isClean ? "theirs" : await File.ReadAllTextAsync(Path.Combine(root, "main.json")), StringComparison.Ordinal);
    }

    /// <summary>A stop does not wait for a look at the folder, and the next start makes it anew.</summary>
    [Fact]
    public async Task Close_BeforeTheFolderWasLookedAt_IsNotCalledClean()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var first = OpenedStore.At(root))
            await first.ExchangeAsync("ours");
        await File.WriteAllTextAsync(Path.Combine(root, "main.json"), Earlier("main", "theirs"));
        File.Delete(Path.Combine(root, "log", "clean"));
        var time = new ManualTimeProvider();
        var options = OpenedStore.Options(root) with { LooksFirstUpTo = 0 };

        var opened = Assert.IsType<StoreOpening.Opened>(StoreOpener.OpenLog(options, time, new IdSource(time), NullLogger.Instance));
        await opened.Store.DisposeAsync();
        var looked = await opened.Import.WaitAsync(TestTimeouts.Signal);

        // Either it was done in time, or it is made anew.
        Assert.Equal(looked is not null, File.Exists(Path.Combine(root, "log", "clean")));
        await using var again = OpenedStore.At(root);
        Assert.Contains((await again.ReadAsync()).Messages, static message => message.Content == "theirs");
    }

    /// <summary>A kept copy may be all that is left of a file that a person changed: a disk that is full, or a stop, must not take it.</summary>
    [Fact]
    public async Task Open_KeptCopyCannotBeImportedYet_StaysUntilItCan()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var bytes = Encoding.UTF8.GetBytes(Earlier("old", "from long ago"));
        var copy = Path.Combine(root, "imported", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)) + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        await File.WriteAllBytesAsync(copy, bytes);

        await using (var store = OpenedStore.At(root, disk: new FullAfterDisk(segmentWrites: 0)))
            Assert.IsType<ReadOutcome.NotFound>(await ReadAsync(store, "old"));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(copy));

        await using var again = OpenedStore.At(root);
        Assert.Equal("from long ago", (await again.ReadAsync("old")).Topic);
    }

    /// <summary>The earlier backend may still run beside this one and add to a file that has become a view.</summary>
    [Fact]
    public async Task Write_ViewThatAnotherProgramAddedTo_WhatItAddedIsImported()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("ours", conversation: "main");
        await ((LogStore)store.Store).RebuildViewsAsync();
        var foreign = Earlier("main", "theirs");
        await PutAsync(store, "main", foreign);

        await store.ExchangeAsync("ours too", conversation: "main");
        await ((LogStore)store.Store).RebuildViewsAsync();
        // The exchange has moved the clock, so the round may have been before this.
        await RoundsUntilAsync(store, 2012, before: 0);

        Assert.Equal(["ours", "ours too", "theirs"],
            (await store.ReadAsync()).Messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content).Order(StringComparer.Ordinal));
        Assert.Contains(Directory.GetFiles(Path.Combine(store.Root, "imported")), path => File.ReadAllText(path) == foreign);
    }

    /// <summary>Retention alone deletes a file that it does not write anew first: what a person added to it today would go with it.</summary>
    [Fact]
    public async Task EraseUntouched_FileThatAPersonChanged_IsImportedAndPassedOver()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("long ago", conversation: "main");
        await store.ExchangeAsync("long ago", conversation: "other");
        await ((LogStore)store.Store).RebuildViewsAsync();
        store.Time.WallOffset = TimeSpan.FromDays(20);
        var before = store.Time.GetUtcNow() - TimeSpan.FromDays(10);
        await PutAsync(store, "main", Earlier("main", "of today").Replace(
            "2025-03-01T10:00:00", WireTime.Format(store.Time.GetUtcNow()), StringComparison.Ordinal));
        var retention = (IRetentionStore)store.Store;

        Assert.IsType<EraseOutcome.NotFound>(await retention.EraseUntouchedAsync(Of("main"), before, CancellationToken.None));
        Assert.IsType<EraseOutcome.Erased>(await retention.EraseUntouchedAsync(Of("other"), before, CancellationToken.None));
        await RoundsUntilAsync(store, 2012, before: 0);

        Assert.Equal(["long ago", "Yes.", "of today"], (await store.ReadAsync()).Messages.Select(message => message.Content));
        Assert.IsType<EraseOutcome.NotFound>(await retention.EraseUntouchedAsync(Of("main"), before, CancellationToken.None));

        static UntouchedConversation Of(string id) => new(OpenedStore.Ada, ConversationId.Parse(id));
    }

    /// <summary>A person who corrects an old conversation seldom changes its times.</summary>
    [Fact]
    public async Task FindUntouched_FileThatAPersonChangedWithoutItsTimes_IsTouchedByThat()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("long ago", conversation: "main");
        await store.ExchangeAsync("long ago", conversation: "other");
        await ((LogStore)store.Store).RebuildViewsAsync();
        store.Time.WallOffset = TimeSpan.FromDays(20);
        var before = store.Time.GetUtcNow() - TimeSpan.FromDays(10);
        await PutAsync(store, "main", Earlier("main", "added by hand"));
        var retention = (IRetentionStore)store.Store;
        var noUsers = new HashSet<string>();

        await retention.EraseUntouchedAsync(new UntouchedConversation(OpenedStore.Ada, ConversationId.Parse("main")), before, CancellationToken.None);
        await RoundsUntilAsync(store, 2012, before: 0);
        var (found, _) = await retention.FindUntouchedAsync(before, 10, noUsers, CancellationToken.None);
        var (later, _) = await retention.FindUntouchedAsync(store.Time.GetUtcNow() + TimeSpan.FromDays(1), 10, noUsers, CancellationToken.None);

        Assert.Equal("other", Assert.Single(found!).Id.ToString());
        Assert.Equal(2, later!.Count);
    }

    /// <summary>T62: with the log intact the file is made anew and the bad bytes are kept.</summary>
    [Fact]
    public async Task Write_ViewThatWasSpoilt_IsMadeAnewAndItsBytesAreKept()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("ours");
        // Nothing is left to be written that could come between the bad bytes and the look at them.
        await ((LogStore)store.Store).RebuildViewsAsync();
        await PutAsync(store, "main", "{\"id\":\"main\",\"mess");

        await ((LogStore)store.Store).RebuildViewsAsync();

        Assert.Contains("\"ours\"", await File.ReadAllTextAsync(Path.Combine(store.Root, "main.json")), StringComparison.Ordinal);
        var kept = Assert.Single(Directory.GetFiles(Path.Combine(store.Root, "log", "damaged")));
        Assert.Equal("{\"id\":\"main\",\"mess", await File.ReadAllTextAsync(kept));
    }

    /// <summary>T70: an erased id never comes back, whatever is put into the folder and whoever owns it there.</summary>
    [Fact]
    public async Task Import_OfAnErasedConversation_IsRefusedAndItsFileRemoved()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync(Canary);
            await store.EraseAsync();
            await store.Archive.CompactAsync(CancellationToken.None);
        }

        await File.WriteAllTextAsync(Path.Combine(root, "main.json"), Earlier("main", Canary));
        await File.WriteAllTextAsync(Path.Combine(root, "of-bob.json"), Earlier("main", Canary).Replace("\"ada\"", "\"bob\"", StringComparison.Ordinal));
        await using var again = OpenedStore.At(root);

        Assert.IsType<ReadOutcome.Erased>(await ReadAsync(again, "main"));
        Assert.Empty(again.FilesWith(Canary));
    }

    /// <summary>A long conversation is stored in parts, and peers are sent each at once: its mark must not come last.</summary>
    [Fact]
    public void TryRead_ConversationMarkedLocalOnly_HasItsMarkBeforeItsMessages()
    {
        var text = Earlier("secret", "x").Replace("{\"id\"", "{\"tags\":[\"work\",\"local_only\"],\"id\"", StringComparison.Ordinal);

        var file = ConversationHub.Store.Import.ImportReader.TryRead(Encoding.UTF8.GetBytes(text), OpenedStore.Ada, new ManualTimeProvider().GetUtcNow(), out _)!;

        var kinds = file.Operations.Select(static one => one.Draft.Content is ConversationHub.Store.Log.OperationContent.Field { Body.Name: var name } ? name : "message").ToArray();
        Assert.Contains("tag:local_only", kinds);
        Assert.Equal("message", Assert.Single(kinds, static kind => kind == "message"));
        Assert.Equal("message", kinds[^1]);
    }

    /// <summary>A backup, or a folder that is synced, brings back the very bytes that were imported and erased; under whatever name.</summary>
    [Theory]
    [InlineData("old")]
    [InlineData("again")]
    public async Task Import_OfAnErasedFileWithTheBytesItHad_RemovesIt(string name)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "old.json"), Earlier("old", Canary));
        await using (var store = OpenedStore.At(root))
        {
            Assert.Equal(1, (await store.EraseAsync("old")).MessagesErased);
            Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
            Assert.Empty(store.FilesWith(Canary));
        }

        await File.WriteAllTextAsync(Path.Combine(root, name + ".json"), Earlier("old", Canary));
        await using var again = OpenedStore.At(root);

        Assert.IsType<ReadOutcome.Erased>(await ReadAsync(again, "old"));
        Assert.Empty(again.FilesWith(Canary));
    }

    /// <summary>Of one that was not erased a second file with the same bytes would stay beside the view, also when it is erased later.</summary>
    [Fact]
    public async Task Import_OfAFileThatWasImportedBeforeUnderAnotherName_LeavesOneAndOneRecord()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "old.json"), Earlier("old", Canary));
        await using (var store = OpenedStore.At(root))
            Assert.Single((await store.ReadAsync("old")).Messages);
        await File.WriteAllTextAsync(Path.Combine(root, "again.json"), Earlier("old", Canary));

        await using var opened = OpenedStore.At(root);

        Assert.Single((await opened.ReadAsync("old")).Messages);
        Assert.False(File.Exists(Path.Combine(root, "again.json")));
        var journal = await File.ReadAllTextAsync(Path.Combine(root, "imports.json"));
        Assert.Equal(2, journal.Split("\"sha256\"").Length);
    }

    [Fact]
    public async Task Import_OfAnErasedUsersPast_LeavesNoTextWithinAMinute()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("known", conversation: "known");
        await store.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None);
        Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));
        await PutAsync(store, "late", Earlier("late", Canary));

        Assert.IsNotType<ReadOutcome.Found>(await ReadAsync(store, "late"));
        await AfterCompactionAsync(store);

        Assert.Empty(store.FilesWith(Canary));
    }

    [Fact]
    public async Task Erase_ThenARestartBeforeTheCompaction_IsCompactedByItselfAllTheSame()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync(Canary);
            await store.EraseAsync();
        }

        await using var again = OpenedStore.At(root);
        Assert.NotEmpty(again.FilesWith(Canary));
        await AfterCompactionAsync(again);

        Assert.Empty(again.FilesWith(Canary));
    }

    private static string Earlier(string id, string content) =>
        $$"""{"id":"{{id}}","owner":"ada","messages":[{"role":"user","content":"{{content}}","timestamp":"2025-03-01T10:00:00"}]}""";

    private static Task PutAsync(OpenedStore store, string id, string text) =>
        File.WriteAllTextAsync(Path.Combine(store.Root, id + ".json"), text, new UTF8Encoding(false));

    private static Task<ReadOutcome> ReadAsync(OpenedStore store, string id) =>
        store.Store.ReadAsync(new ReadQuery { Owner = null, ConversationId = ConversationId.Parse(id) }, CancellationToken.None);

    private static Task AfterCompactionAsync(OpenedStore store) => RoundsUntilAsync(store, 2008);

    /// <summary>Rounds of housekeeping until one has logged an event that stands there no more often yet.</summary>
    private static async Task RoundsUntilAsync(OpenedStore store, int eventId, int? before = null)
    {
        before ??= Count(store.Logger.Records.Snapshot());
        var logged = store.Logger.Records.WhenAsync(records => Count(records) > before);
        while (!logged.IsCompleted)
        {
            await store.Time.WaitForTimersAsync();
            store.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(logged, Task.Delay(20));
        }

        await logged;

        int Count(IReadOnlyList<LogRecord> records) => records.Count(record => record.Event.Id == eventId);
    }
}
