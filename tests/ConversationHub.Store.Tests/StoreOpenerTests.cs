using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests;

public sealed class StoreOpenerTests
{
    [Fact]
    public async Task OpenLog_HeldByAnother_IsRefusedWithThePidAndWhatToDo()
    {
        await using var first = OpenedStore.New();
        await using var second = OpenedStore.At(first.Root);

        var reason = Assert.IsType<StoreOpening.Refused>(second.Opening).Reason;
        Assert.Contains($"process {Environment.ProcessId}", reason, StringComparison.Ordinal);
        Assert.Contains(first.Root, reason, StringComparison.Ordinal);
        await first.ExchangeAsync("the first is not disturbed");
    }

    /// <summary>Not the runtime's sentence about a file that it could not find.</summary>
    [Fact]
    public async Task OpenLog_WhereNoFolderCanBeMade_SaysSo()
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using var store = OpenedStore.At("/proc/maestra-conversations");

        Assert.Contains(
            "/proc/maestra-conversations: the folder cannot be made there.", Assert.IsType<StoreOpening.Refused>(store.Opening).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenLog_AfterTheFirstWasClosed_Opens()
    {
        using var folder = new TemporaryFolder();
        await using (OpenedStore.At(folder.Combine("hub")))
        {
            // Opened and closed at once.
        }

        await using var second = OpenedStore.At(folder.Combine("hub"));
        Assert.IsType<StoreOpening.Opened>(second.Opening);
    }

    [Fact]
    public async Task OpenLog_FoldersAreNew_TheirNamesAreSyncedBeforeAnythingIsTaken()
    {
        using var folder = new TemporaryFolder();
        var disk = new FaultyDisk();
        var above = folder.Combine("state");
        var root = Path.Combine(above, "conversations");

        await using var store = OpenedStore.At(root, disk: disk);

        Assert.IsType<StoreOpening.Opened>(store.Opening);
        Assert.Superset(new HashSet<string> { Path.GetDirectoryName(above)!, above, root }, disk.FlushedFolders.ToHashSet());
    }

    /// <summary>T30.</summary>
    [Fact]
    public async Task OpenLog_RootCannotBeMade_IsRefusedWithPathAndWhatToDo()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Combine("file"), "in the way");
        await using var refused = OpenedStore.At(folder.Combine("file", "hub"));

        var reason = Assert.IsType<StoreOpening.Refused>(refused.Opening).Reason;
        Assert.Contains(folder.Combine("file", "hub"), reason, StringComparison.Ordinal);
        Assert.Contains("CONVERSATION_HUB_ROOT", reason, StringComparison.Ordinal);
    }

    /// <summary>T31. The umask is the whole process's; other tests lose nothing by it but the privacy of their temporary files.</summary>
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task OpenLog_UmaskOpen_FoldersAndFilesAreForTheirOwnerAlone()
    {
        if (OperatingSystem.IsWindows())
            return;
        var before = SetUmask(0);
        try
        {
            await using var store = OpenedStore.New();
            await store.ExchangeAsync("secret");

            Assert.All(Directory.GetDirectories(store.Root, "*", SearchOption.AllDirectories).Append(store.Root), folder =>
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder)));
            var files = Directory.GetFiles(store.Root, "*", SearchOption.AllDirectories);
            Assert.True(files.Length >= 3);

            // A view that was being written when the folder was listed may have its own name by now.
            const UnixFileMode Gone = (UnixFileMode)(-1);
            Assert.All(files, file => Assert.True(new FileInfo(file).UnixFileMode is (UnixFileMode.UserRead | UnixFileMode.UserWrite) or Gone, file));
        }
        finally
        {
            _ = SetUmask(before);
        }
    }

    [Fact]
    public async Task Dispose_WhileWritesWait_WritesThemFirst()
    {
        using var folder = new TemporaryFolder();
        Task<QuestionOutcome>[] writes;
        await using (var store = OpenedStore.At(folder.Combine("hub")))
            writes = [.. Enumerable.Range(0, 100).Select(n => store.AskAsync(store.Question($"q{n}")))];

        var outcomes = await Task.WhenAll(writes);

        await using var again = OpenedStore.At(folder.Combine("hub"));
        Assert.Equal(outcomes.Count(static outcome => outcome is QuestionOutcome.Stored), (await again.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task StoreQuestion_AfterDispose_IsRefused()
    {
        await using var store = OpenedStore.New();
        await store.Store.DisposeAsync();

        var outcome = Assert.IsType<QuestionOutcome.NotCommitted>(await store.AskAsync(store.Question("late")));

        Assert.Equal(StoreFailureKind.Unavailable, outcome.Failure.Kind);
    }

    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint SetUmask(uint mask);
}
