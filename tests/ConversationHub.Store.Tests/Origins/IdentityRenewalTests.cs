using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Origins;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Origins;

/// <summary>wire.md §9.5: no sequence number of an origin is ever given out twice.</summary>
public sealed class IdentityRenewalTests
{
    [Fact]
    public async Task Open_LastLineOfAnOriginDamaged_ItsNumberIsNotGivenOutAgain()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        string segment;
        await using (var store = OpenedStore.At(root))
        {
            segment = store.FirstSegment;
            await store.ExchangeAsync("hers", conversation: "a", user: OpenedStore.Ada);
            await store.ExchangeAsync("his", conversation: "b", user: OpenedStore.Bob);
        }

        var before = await ReadAsync(segment);
        Flip(segment, before.Lines[1].Start + 40);

        await using (var store = OpenedStore.At(root))
        {
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == 2007);
            await store.ExchangeAsync("again", conversation: "c", user: OpenedStore.Ada);
        }

        var after = await ReadAsync(segment);
        var hers = before.Operations[1];
        Assert.DoesNotContain(after.Operations[^2..], operation => operation.Origin == hers.Origin);
        Assert.Equal([1L, 2], after.Operations[^2..].Select(operation => operation.Seq));

        // The same damage is no reason a second time.
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("more", conversation: "c", user: OpenedStore.Ada);
        Assert.Equal([1L, 2, 3, 4], (await ReadAsync(segment)).Operations[^4..].Select(operation => operation.Seq));
    }

    [Fact]
    public async Task Open_LastLineOfTheLogDamaged_ItsNumberIsNotGivenOutAgain()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        string segment;
        await using (var store = OpenedStore.At(root))
        {
            segment = store.FirstSegment;
            await store.ExchangeAsync("one");
        }

        var before = await ReadAsync(segment);
        Flip(segment, before.Lines[1].Start + 40);
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("two");

        var after = await ReadAsync(segment);
        Assert.Equal(3, after.Operations.Count);
        Assert.DoesNotContain(after.Operations[1..], operation => operation.Origin == before.Operations[0].Origin);
    }

    [Fact]
    public async Task TakeNewOrigins_WhileRunning_HoldsFromTheNextOperationOnAndAfterARestart()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        string segment;
        await using (var store = OpenedStore.At(root))
        {
            segment = store.FirstSegment;
            await store.ExchangeAsync("one");
            Assert.Null(await ((LogStore)store.Store).TakeNewOriginsAsync("a test asks for it", CancellationToken.None));
            await store.ExchangeAsync("two");
        }

        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("three");

        var operations = (await ReadAsync(segment)).Operations;
        Assert.Equal([1L, 2, 1, 2, 3, 4], operations.Select(operation => operation.Seq));
        Assert.Equal(2, operations.Select(operation => operation.Origin).Distinct().Count());
    }

    /// <summary>T72, §9.5: a folder put back from a copy, and written to before any peer was reached.</summary>
    [Fact]
    public async Task Open_AfterACopyWasPutBack_NoNumberIsGivenOutAgain()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        if (!KeepsBirthTimes(folder.Combine("probe")))
            return;
        string segment;
        await using (var store = OpenedStore.At(root))
        {
            segment = store.FirstSegment;
            await store.ExchangeAsync("in the backup");
        }

        Copy(root, folder.Combine("backup"));
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("lost to the restore");
        var lost = (await ReadAsync(segment)).Operations[^1];
        Directory.Delete(root, recursive: true);
        Copy(folder.Combine("backup"), root);
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("after the restore");

        var after = (await ReadAsync(segment)).Operations;
        Assert.Equal(after[0].Origin, lost.Origin);
        Assert.NotEqual(lost.Origin, after[^1].Origin);
        Assert.Equal([1L, 2], after[^2..].Select(operation => operation.Seq));

        // And once only.
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("later");
        Assert.Equal(after[^1].Origin, (await ReadAsync(segment)).Operations[^1].Origin);
    }

    /// <summary>
    /// T72, §9.5: files put back into the folder that is there, which keeps its time of birth; what had been sent since the backup is held by a peer
    /// under numbers that the store would give out again.
    /// </summary>
    /// <param name="how">Over the files that are there, as <c>cp</c> does, or in their place, as <c>rsync</c> and <c>tar</c> do; or all but the mark, where files keep no birth.</param>
    [Theory]
    [InlineData("over")]
    [InlineData("in place")]
    [InlineData("all but the mark")]
    public async Task Open_AfterFilesWerePutBackIntoTheFolder_NoNumberThatAPeerHoldsIsGivenOutAgain(string how)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        if (how != "all but the mark" && !KeepsBirthTimes(folder.Combine("probe")))
            return;
        string segment;
        await using (var store = OpenedStore.At(root))
        {
            segment = store.FirstSegment;
            await store.ExchangeAsync("in the backup");
            await SendAsync(store);
        }

        Copy(root, folder.Combine("backup"));
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync("lost to the restore");
            await SendAsync(store);
        }

        var lost = (await ReadAsync(segment)).Operations[^1];
        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            var mark = Path.GetFileName(path) == "sent.json";
            if (how != "over" && !(mark && how == "all but the mark"))
                File.Delete(path);
        }

        Copy(folder.Combine("backup"), root, except: how == "all but the mark" ? "sent.json" : null);
        await using (var store = OpenedStore.At(root))
        {
            Assert.Contains(store.Logger.Records.Snapshot(), static record => record.Event.Id == 2007);
            await store.ExchangeAsync("after the restore");
        }

        var after = (await ReadAsync(segment)).Operations;
        Assert.Equal(after[0].Origin, lost.Origin);
        Assert.NotEqual(lost.Origin, after[^1].Origin);

        // And once only.
        await using (var store = OpenedStore.At(root))
        {
            Assert.DoesNotContain(store.Logger.Records.Snapshot(), static record => record.Event.Id == 2007);
            await store.ExchangeAsync("later");
        }

        Assert.Equal(after[^1].Origin, (await ReadAsync(segment)).Operations[^1].Origin);
    }

    /// <summary>Stops and kills, with exchanges in between, are no restore.</summary>
    [Fact]
    public async Task Open_AgainAndAgainWithExchangesInBetween_KeepsItsOrigins()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        string segment = "";
        for (var round = 0; round < 4; round++)
        {
            await using var store = OpenedStore.At(root);
            segment = store.FirstSegment;
            await store.ExchangeAsync($"message {round}");
            if (round != 2)
                await SendAsync(store);
            Assert.DoesNotContain(store.Logger.Records.Snapshot(), static record => record.Event.Id == 2007);
        }

        Assert.Single((await ReadAsync(segment)).Operations.Select(operation => operation.Origin).Distinct());
    }

    /// <summary>After a change of identity what the former one had sent must not keep the mark of this one from being written.</summary>
    [Fact]
    public async Task Open_MarkOfAnotherBackend_IsReplacedByItsOwn()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (OpenedStore.At(root))
        {
        }

        SentMark.Write(Path.Combine(root, "log", "sent.json"), "local_sha256_0123456789abcdef", operations: 1_000);
        await using (var store = OpenedStore.At(root))
        {
            Assert.DoesNotContain(store.Logger.Records.Snapshot(), static record => record.Event.Id == 2007);
            await store.ExchangeAsync("one");
            await SendAsync(store);
        }

        var mark = SentMark.TryRead(Path.Combine(root, "log", "sent.json"))!;
        Assert.Equal((OpenedStore.BackendId, 2L), (mark.BackendId, mark.Operations));
    }

    [Fact]
    public async Task Send_MarkCannotBeWritten_GoesOnAndWarnsOnce()
    {
        using var folder = new TemporaryFolder();
        await using var store = OpenedStore.At(folder.Combine("hub"));
        Directory.CreateDirectory(folder.Combine("hub", "log", "sent.json.tmp"));
        await store.ExchangeAsync("one");
        Assert.NotEmpty((await SendAsync(store)).Operations);
        await store.ExchangeAsync("two");
        Assert.NotEmpty((await SendAsync(store)).Operations);

        Assert.Single(store.Logger.Records.Snapshot(), static record => record.Event.Id == 2014);
    }

    /// <summary>What a peer that has nothing yet would get.</summary>
    private static async Task<SyncBatch> SendAsync(OpenedStore store) => Assert.IsType<SyncBatch>(
        (await ((ISyncStore)store.Store).ReadMissingAsync(new SyncScope(null), new Dictionary<string, long>(), CancellationToken.None)).Batch);

    /// <summary>A store that took its id where the time of birth was not known learns it at the next start.</summary>
    [Fact]
    public async Task Open_AnIdentityWithoutItsBirth_LearnsItAndKeepsItsOrigins()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        if (!KeepsBirthTimes(folder.Combine("probe")))
            return;
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("one");
        var path = Path.Combine(root, "log", "store.json");
        var identity = StoreIdentity.TryRead(path, out _)!;
        (identity with { Born = "" }).Write(path, Store.Disk.PhysicalDisk.Instance);

        await using (OpenedStore.At(root))
        {
        }

        Assert.NotEmpty(identity.Born);
        Assert.Equal(identity, StoreIdentity.TryRead(path, out _));
    }

    /// <summary>On Linux that is every usual file system; where it is not kept there is nothing to be told by (decision 47).</summary>
    private static bool KeepsBirthTimes(string path)
    {
        Directory.CreateDirectory(path);
        var keeps = BirthMark.Of(path).Length > 0;
        Assert.True(keeps || !OperatingSystem.IsLinux() || !IsExt4(path), "ext4 keeps the time of birth");
        return keeps;
    }

    private static bool IsExt4(string path) => new DriveInfo(path).DriveFormat.StartsWith("ext", StringComparison.Ordinal);

    private static void Copy(string from, string to, string? except = null)
    {
        Directory.CreateDirectory(to);
        foreach (var one in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, one)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) != except)
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)), overwrite: true);
        }
    }

    private static void Flip(string segment, int at)
    {
        var bytes = File.ReadAllBytes(segment);
        bytes[at] ^= 0x04;
        File.WriteAllBytes(segment, bytes);

        // A snapshot knows the number of the last operation all the same; without one only the log can tell.
        File.Delete(Path.Combine(Path.GetDirectoryName(segment)!, "index.snapshot"));
    }

    /// <summary>The good operations, and where each line stands.</summary>
    private static async Task<(List<Operation> Operations, List<(int Start, int Length)> Lines)> ReadAsync(string segment)
    {
        var bytes = await File.ReadAllBytesAsync(segment);
        var operations = new List<Operation>();
        var lines = new List<(int, int)>();
        for (var start = 0; start < bytes.Length;)
        {
            var length = Array.IndexOf(bytes, (byte)'\n', start) - start;
            lines.Add((start, length));
            if (Store.Log.ChecksumLine.IsIntact(bytes.AsSpan(start, length)))
                operations.Add(JsonSerializer.Deserialize(bytes.AsSpan(start, length), MaestraJson.Compact.Operation)!);
            start += length + 1;
        }

        return (operations, lines);
    }
}
