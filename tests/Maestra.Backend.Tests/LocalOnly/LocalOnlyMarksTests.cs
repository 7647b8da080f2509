using System.Net;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.Time;
using Maestra.Backend.LocalOnly;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.LocalOnly;

/// <summary>What hubs of the same home find while this backend is down (docs/decisions/0034).</summary>
public sealed class LocalOnlyMarksTests : IDisposable
{
    private const string Writer = "a-backend";
    private const string AddTag = """{"add_tags":["local_only"]}""";

    private readonly TemporaryFolder _home = new();

    private string Folder => _home.Combine(".maestra", LocalOnlyMark.FolderName);

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Patch_AddsAndRemovesTheTag_MarkComesAndGoesBeforeTheReply()
    {
        await using var backend = await StartAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "main"));

        await backend.PatchAsync("/conversations/main", """{"add_tags":["urgent"]}""");
        Assert.Empty(Marks());
        await backend.PatchAsync("/conversations/main", AddTag);
        Assert.Equal([LocalOnlyMark.FileNameOf("main")], Marks());
        await backend.PatchAsync("/conversations/main", """{"remove_tags":["urgent"]}""");
        Assert.Single(Marks());
        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.Empty(Marks());
    }

    /// <summary>A home that was put back, or tags that came by import.</summary>
    [Fact]
    public async Task Start_TagsWithoutTheirMarks_WritesThem()
    {
        await using (var before = await StartAsync())
        {
            await before.AskAsync(TestBackend.Question(conversation: "main"));
            await before.AskAsync(TestBackend.Question(conversation: "open"));
            await before.PatchAsync("/conversations/main", AddTag);
            await before.PatchAsync("/conversations/open", """{"add_tags":["urgent"]}""");
        }

        Directory.Delete(Folder, recursive: true);
        await using var backend = await StartAsync();
        await backend.Server.Services.GetRequiredService<LocalOnlyMarks>().ExecuteTask!.WaitAsync(TestTimeouts.Signal);

        Assert.Equal([LocalOnlyMark.FileNameOf("main")], Marks());
    }

    /// <summary>What the start has read is older than the change, and comes to the disk behind it.</summary>
    [Fact]
    public async Task Start_TheTagIsTakenAwayMeanwhile_WritesNoMarkOfIt()
    {
        LocalOnlyMarks? marks = null;
        var kept = new Kept("main", "other") { OnceRead = () => marks!.ChangeAsync(Removes("main"), Changing()) };
        using (marks = new LocalOnlyMarks(Folder, static _ => Writer, kept, NullLogger<LocalOnlyMarks>.Instance))
        {
            await marks.StartAsync(CancellationToken.None);
            await marks.ExecuteTask!.WaitAsync(TestTimeouts.Signal);
        }

        Assert.Equal([LocalOnlyMark.FileNameOf("other")], Marks());
    }

    /// <summary>Of two changes at once the one that takes the tag away may come here last and have been made first: what the store holds counts.</summary>
    [Fact]
    public async Task Change_RemovesTheTagAndTheStoreHoldsItAgain_LeavesTheMark()
    {
        using var marks = new LocalOnlyMarks(Folder, static _ => Writer, new Kept("main"), NullLogger<LocalOnlyMarks>.Instance);

        await marks.ChangeAsync(Adds("main"), Changing());
        await marks.ChangeAsync(Removes("main"), Changing());

        Assert.Equal([LocalOnlyMark.FileNameOf("main")], Marks());
    }

    /// <summary>The removal is stored and its mark not yet taken away when the tag is added again: the process may end as soon as that is stored.</summary>
    [Fact]
    public async Task Change_AddsTheTagWhileARemovalEnds_MarkIsThereWhenItIsStored()
    {
        using var marks = new LocalOnlyMarks(Folder, static _ => Writer, new Kept(), NullLogger<LocalOnlyMarks>.Instance);
        await marks.ChangeAsync(Adds("main"), Changing());
        var isRemoved = new TaskCompletionSource();
        bool? isMarked = null;
        var adding = Task.CompletedTask;

        await marks.ChangeAsync(Removes("main"), new ScriptedArchive((_, _) =>
        {
            adding = marks.ChangeAsync(Adds("main"), new ScriptedArchive(async () =>
            {
                await isRemoved.Task;
                isMarked = Marks().Any();
                return new ChangeOutcome.Changed(null!);
            }));
            return new ChangeOutcome.Changed(null!);
        }));
        isRemoved.SetResult();
        await adding.WaitAsync(TestTimeouts.Signal);

        Assert.True(isMarked);
    }

    [Fact]
    public async Task Start_FolderCannotBeMade_IsOneWarningHoweverManyAreTagged()
    {
        await using (var before = await StartAsync())
        {
            foreach (var conversation in (string[])["main", "other", "third"])
            {
                await before.AskAsync(TestBackend.Question(conversation: conversation));
                await before.PatchAsync($"/conversations/{conversation}", AddTag);
            }
        }

        Directory.Delete(Folder, recursive: true);
        await File.WriteAllTextAsync(Folder, "a file where the folder should be");
        await using var backend = await StartAsync();
        await backend.Server.Services.GetRequiredService<LocalOnlyMarks>().ExecuteTask!.WaitAsync(TestTimeouts.Signal);

        Assert.Equal(2, backend.Log.Split("cannot be kept in").Length);
    }

    [Fact]
    public async Task Patch_FolderCannotBeMade_IsAWarningAndTheTagCounts()
    {
        await using var backend = await StartAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "main"));
        await File.WriteAllTextAsync(Folder, "a file where the folder should be");

        Assert.Equal(HttpStatusCode.OK, (await backend.PatchAsync("/conversations/main", AddTag)).Status);

        Assert.Contains("cannot be kept in", backend.Log, StringComparison.Ordinal);
        Assert.Contains("\"local_only\":true", (await backend.AskAsync(TestBackend.Question("Again?", "main"))).Text, StringComparison.Ordinal);
    }

    private IEnumerable<string?> Marks() => Directory.Exists(Folder) ? Directory.GetDirectories(Folder).Select(Path.GetFileName) : [];

    /// <summary>The process may end between the two, and its caller may be gone: then the tag would be there, and no hub would know it.</summary>
    [Fact]
    public async Task Change_AddsTheTag_MarkIsThereBeforeItIsStoredWhoeverWaits()
    {
        await using var backend = await StartAsync();
        var isMarked = false;
        var archive = new ScriptedArchive((_, cancellation) =>
        {
            isMarked = Marks().Any();
            Assert.False(cancellation.CanBeCanceled);
            return new ChangeOutcome.NotCommitted(new StoreFailure(StoreFailureKind.Unavailable, "It may be stored."));
        });

        await backend.Server.Services.GetRequiredService<LocalOnlyMarks>().ChangeAsync(Adds("main"), archive);

        Assert.True(isMarked);
        Assert.Single(Marks());
    }

    [Fact]
    public async Task Change_Refused_LeavesNoMarkThatWasNotThere()
    {
        await using var backend = await StartAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "main"));

        Assert.Equal(HttpStatusCode.NotFound, (await backend.PatchAsync("/conversations/nowhere", AddTag)).Status);
        Assert.Empty(Marks());

        await backend.PatchAsync("/conversations/main", AddTag);
        await backend.Server.Services.GetRequiredService<LocalOnlyMarks>().ChangeAsync(
            Adds("main"), new ScriptedArchive(static (_, _) => new ChangeOutcome.Ambiguous()));
        Assert.Single(Marks());
    }

    /// <summary>Several backends may use one home, each with folders of its own.</summary>
    [Fact]
    public async Task Patch_TagTakenAwayAtAnotherBackendOfThisHome_LeavesThisOnesMark()
    {
        await using var backend = await StartAsync();
        await using var other = await StartAsync(
            (SettingNames.ConversationRoot, _home.Combine("other", "conversations")), (SettingNames.StateRoot, _home.Combine("other", "state")));
        foreach (var each in (TestBackend[])[backend, other])
        {
            await each.AskAsync(TestBackend.Question(conversation: "main"));
            await each.PatchAsync("/conversations/main", AddTag);
        }

        await other.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.Single(Marks());
        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.Empty(Marks());
    }

    /// <summary>Its marks are its own wherever it lies: nobody else could take them away.</summary>
    [Fact]
    public async Task Patch_TagTakenAwayInAMovedStore_TakesItsMarkAway()
    {
        await using (var before = await StartAtAsync("old"))
        {
            await before.AskAsync(TestBackend.Question(conversation: "main"));
            await before.PatchAsync("/conversations/main", AddTag);
        }

        Directory.Move(_home.Combine("old"), _home.Combine("new"));
        await using var backend = await StartAtAsync("new");
        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");

        // Where the file system keeps no time of birth, it is taken for a copy.
        Assert.Equal(await KeepsBirthTimesAsync() ? [] : [LocalOnlyMark.FileNameOf("main")], Marks());
    }

    /// <summary>The copy is a second backend, whose tags are its own.</summary>
    [Fact]
    public async Task Patch_TagTakenAwayInACopy_LeavesTheMarkOfTheOriginal()
    {
        await using (var before = await StartAtAsync("old"))
        {
            await before.AskAsync(TestBackend.Question(conversation: "main"));
            await before.PatchAsync("/conversations/main", AddTag);
        }

        Assert.Equal(0, (await RunningProgram.RunAsync(new ProgramStart("/bin/cp", _home.Path, "-a", _home.Combine("old"), _home.Combine("copy")))).ExitCode);
        await using var copy = await StartAtAsync("copy");
        await copy.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.Equal([LocalOnlyMark.FileNameOf("main")], Marks());

        await using var backend = await StartAtAsync("old");
        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.Empty(Marks());
    }

    /// <summary>What a hub was told in an answer, and wrote for the other hubs.</summary>
    [Fact]
    public async Task Patch_TagTakenAway_TakesAwayWhatHubsWereTold()
    {
        await using var backend = await StartAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "main"));
        await backend.PatchAsync("/conversations/main", AddTag);
        LocalOnlyMark.Write(Folder, "main", LocalOnlyMark.Hubs);

        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");

        Assert.Empty(Marks());
    }

    private static ConversationChange Adds(string conversation) =>
        new() { Owner = UserId.Parse("ada"), ConversationId = ConversationId.Parse(conversation), AddTags = [LocalOnlyMark.Tag] };

    private static ConversationChange Removes(string conversation) =>
        new() { Owner = UserId.Parse("ada"), ConversationId = ConversationId.Parse(conversation), RemoveTags = [LocalOnlyMark.Tag] };

    /// <summary>Of the answer nothing is looked at but its kind.</summary>
    private static ScriptedArchive Changing() => new(static (_, _) => new ChangeOutcome.Changed(null!));

    private async Task<bool> KeepsBirthTimesAsync() => !OperatingSystem.IsLinux()
        || (await RunningProgram.RunAsync(new ProgramStart("/usr/bin/stat", _home.Path, "-c", "%W", _home.Path))).Output is not ["0" or "-"];

    private Task<TestBackend> StartAtAsync(string folder) =>
        StartAsync((SettingNames.ConversationRoot, _home.Combine(folder, "conversations")), (SettingNames.StateRoot, _home.Combine(folder, "state")));

    private Task<TestBackend> StartAsync(params (string Name, string Value)[] settings) =>
        TestBackend.StartPeerAsync(new ManualTimeProvider(), [(SettingNames.Mode, "local"), ("HOME", _home.Path), .. settings]);

    /// <summary>Conversations that are kept here; with <see cref="OnceRead"/> the first loses its tag just behind the first reading.</summary>
    private sealed class Kept(params string[] ids) : IKeptConversations
    {
        private readonly List<ConversationId> _ids = [.. ids.Select(ConversationId.Parse)];

        public Func<Task>? OnceRead { get; set; }

        public bool IsKeptHere(UserId owner, ConversationId id) => _ids.Contains(id);

        public IReadOnlyList<ConversationId> KeptHere()
        {
            ConversationId[] read = [.. _ids];
            if (OnceRead is { } told)
            {
                OnceRead = null;
                _ids.RemoveAt(0);
                Assert.True(told().IsCompletedSuccessfully);
            }

            return read;
        }
    }

    private sealed class ScriptedArchive(Func<ConversationChange, CancellationToken, Task<ChangeOutcome>> change) : IConversationArchive
    {
        public ScriptedArchive(Func<ConversationChange, CancellationToken, ChangeOutcome> change)
            : this((asked, cancellation) => Task.FromResult(change(asked, cancellation)))
        {
        }

        public ScriptedArchive(Func<Task<ChangeOutcome>> change)
            : this((_, _) => change())
        {
        }

        public Task<ChangeOutcome> ChangeAsync(ConversationChange asked, CancellationToken cancellationToken) => change(asked, cancellationToken);

        public Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId conversationId, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
