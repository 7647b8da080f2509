using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Recovery;

public sealed class LogRecoveryTests
{
    [Fact]
    public async Task Open_AfterRestart_HasEverythingAndGoesOnInTheSameOrigin()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        string before;
        await using (var first = OpenedStore.At(root))
        {
            await first.ExchangeAsync("one");
            before = Describe(await first.ReadAsync());
        }

        await using var second = OpenedStore.At(root);
        Assert.Equal(before, Describe(await second.ReadAsync()));
        Assert.Equal(1, second.Store.Status.Conversations);
        await second.ExchangeAsync("two");

        var lines = await File.ReadAllLinesAsync(second.FirstSegment);
        Assert.Equal([1L, 2, 3, 4], lines.Select(line => Parse(line).Seq));
        Assert.Single(lines.Select(line => Parse(line).Origin).Distinct());
        Assert.Equal(lines.Select(line => Parse(line).Hlc).Order(StringComparer.Ordinal), lines.Select(line => Parse(line).Hlc));
    }

    /// <summary>T72: torn tail at every byte.</summary>
    [Fact]
    public async Task Open_TailTornAtAnyByte_KeepsTheBytesCutsThemAndServesTheRest()
    {
        using var folder = new TemporaryFolder();
        byte[] whole;
        await using (var store = OpenedStore.At(folder.Combine("hub")))
        {
            await store.ExchangeAsync("one");
            whole = await File.ReadAllBytesAsync(store.FirstSegment);
        }

        var lastLine = whole.AsSpan(0, whole.Length - 1).LastIndexOf((byte)'\n') + 1;
        for (var length = lastLine; length < whole.Length; length++)
        {
            var root = folder.Combine($"torn{length}");
            Directory.CreateDirectory(Path.Combine(root, "log"));
            await File.WriteAllBytesAsync(Path.Combine(root, "log", "000000000001.jsonl"), whole[..length]);

            await using var store = OpenedStore.At(root);
            Assert.Single((await store.ReadAsync()).Messages);
            Assert.Equal(StoreHealthState.Healthy, store.Store.Status.Health);
            Assert.Equal(lastLine, new FileInfo(store.FirstSegment).Length);
            var damaged = Path.Combine(root, "log", "damaged");
            if (length == lastLine)
                Assert.False(Directory.Exists(damaged));
            else
                Assert.Equal(whole[lastLine..length], await File.ReadAllBytesAsync(Directory.GetFiles(damaged).Single()));
        }
    }

    /// <summary>T72: flipped bit, in every byte of the middle line.</summary>
    [Fact]
    public async Task Open_AnyByteOfTheMiddleFlipped_ReportsFileAndLineKeepsTheBytesAndServesTheRest()
    {
        using var folder = new TemporaryFolder();
        byte[] whole;
        await using (var store = OpenedStore.At(folder.Combine("hub")))
        {
            await store.ExchangeAsync("one", conversation: "first");
            await store.ExchangeAsync("two", conversation: "second");
            whole = await File.ReadAllBytesAsync(store.FirstSegment);
        }

        var secondLine = whole.AsSpan().IndexOf((byte)'\n') + 1;
        var thirdLine = secondLine + whole.AsSpan(secondLine).IndexOf((byte)'\n') + 1;
        for (var at = secondLine; at < thirdLine - 1; at += 7)
        {
            var root = folder.Combine($"flip{at}");
            Directory.CreateDirectory(Path.Combine(root, "log"));
            var bytes = whole.ToArray();
            bytes[at] ^= 0x04;
            await File.WriteAllBytesAsync(Path.Combine(root, "log", "000000000001.jsonl"), bytes);

            await using var store = OpenedStore.At(root);
            Assert.Equal(StoreHealthState.Degraded, store.Store.Status.Health);
            Assert.Contains("000000000001.jsonl line 2", store.Store.Status.Reason, StringComparison.Ordinal);
            Assert.Single((await store.ReadAsync("first")).Messages);
            Assert.Equal(2, (await store.ReadAsync("second")).Messages.Count);
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == 2002);
            await store.ExchangeAsync("three", conversation: "third");
            Assert.Equal(bytes, (await File.ReadAllBytesAsync(store.FirstSegment))[..bytes.Length]);
        }
    }

    [Fact]
    public async Task Open_BadEndOfAnOlderSegment_IsDamageAndIsNotCut()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("one");
        var log = Path.Combine(root, "log");
        File.Copy(Path.Combine(log, "000000000001.jsonl"), Path.Combine(log, "000000000002.jsonl"));
        await File.AppendAllTextAsync(Path.Combine(log, "000000000001.jsonl"), "rubbish");
        var bytes = await File.ReadAllBytesAsync(Path.Combine(log, "000000000001.jsonl"));

        await using var again = OpenedStore.At(root);

        Assert.Equal(StoreHealthState.Degraded, again.Store.Status.Health);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(log, "000000000001.jsonl")));
        Assert.Equal(2, (await again.ReadAsync()).Messages.Count);
    }

    [Fact]
    public async Task Open_LineOfANewerVersion_IsRefusedWithBothVersionsAndNothingChanges()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("one");
        var segment = Path.Combine(root, "log", "000000000001.jsonl");
        var line = System.Text.Encoding.UTF8.GetBytes(
            (await File.ReadAllLinesAsync(segment))[0].Replace("\"v\":1", "\"v\":7", StringComparison.Ordinal));
        Store.Log.ChecksumLine.Seal(line);
        await using (var append = File.Open(segment, FileMode.Append))
        {
            await append.WriteAsync(line);
            await append.WriteAsync("\ntorn"u8.ToArray());
        }

        // A snapshot that this version cannot use: it would be deleted, and the search files with it.
        await File.WriteAllTextAsync(Path.Combine(root, "log", "index.snapshot"), "of a newer version");
        File.Delete(Path.Combine(root, "log", "clean"));
        var before = Contents(root);
        Assert.Contains(before, static file => file.Contains(".idx", StringComparison.Ordinal));
        await using var refused = OpenedStore.At(root);

        var reason = Assert.IsType<StoreOpening.Refused>(refused.Opening).Reason;
        Assert.Contains("format 7 in 000000000001.jsonl line 3", reason, StringComparison.Ordinal);
        Assert.Contains("knows format 1", reason, StringComparison.Ordinal);
        Assert.Equal(before, Contents(root));

        static string[] Contents(string root) =>
        [
            .. Directory.GetFiles(root, "*", SearchOption.AllDirectories).Where(static path => Path.GetFileName(path) != "lock").Order(StringComparer.Ordinal)
                .Select(static path => $"{path} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}"),
        ];
    }

    [Fact]
    public async Task Open_IdentityGone_TakesNewOriginsAndLosesNothing()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("one");
        File.Delete(Path.Combine(root, "log", "store.json"));

        await using var again = OpenedStore.At(root);
        await again.ExchangeAsync("two");

        var lines = (await File.ReadAllLinesAsync(again.FirstSegment)).Select(Parse).ToArray();
        Assert.Equal(2, lines.Select(line => line.Origin).Distinct().Count());
        Assert.Equal([1L, 2, 1, 2], lines.Select(line => line.Seq));
        Assert.Equal(4, (await again.ReadAsync()).Messages.Count);
    }

    private static string Describe(ConversationDocument document) =>
        System.Text.Json.JsonSerializer.Serialize(document, MaestraJson.Readable.ConversationDocument);

    private static Operation Parse(string line) => System.Text.Json.JsonSerializer.Deserialize(line, MaestraJson.Compact.Operation)!;
}
