using System.Security.Cryptography;
using System.Text;
using ConversationHub.Store.Clock;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Changing;

/// <summary>T48, issue 3, 5: copies of damage whose conversation nothing else knows, and copies that cannot be read.</summary>
public sealed class KeptCopiesTests
{
    private const string Canary = "swordfish7d1c";

    /// <summary>A kill left the beginning of a question in a conversation of which there is nothing else.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EraseUser_TornLineOfAConversationKnownNowhereElse_GoesWithTheUser(bool hasOtherText)
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync("bob's", conversation: "his", user: OpenedStore.Bob);
            if (hasOtherText)
                await store.ExchangeAsync("other words", conversation: "other");
            await AppendAsync(store, Torn("ada", Clock(store, TimeSpan.Zero)));
        }

        await using (var store = OpenedStore.At(root))
        {
            Assert.Single(Directory.GetFiles(Path.Combine(root, "log", "damaged"), "*.torn"));
            store.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.IsType<EraseUserOutcome.Erased>(await store.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None));
        }

        // The process may have ended between the erasure and its compaction.
        await using var again = OpenedStore.At(root);
        Assert.Null(await again.Archive.CompactAsync(CancellationToken.None));
        Assert.Empty(again.FilesWith(Canary));
        Assert.Equal(2, (await again.ReadAsync("his", OpenedStore.Bob)).Messages.Count);
    }

    [Fact]
    public async Task EraseUser_CopiesOfOthersAndOfLaterDamage_Stay()
    {
        await using var store = OpenedStore.New();
        await store.ExchangeAsync("other words", conversation: "other");
        await KeepAsync(store, "1.torn", Torn("bob", Clock(store, TimeSpan.Zero)));
        await KeepAsync(store, "2.torn", Torn("ada", Clock(store, TimeSpan.FromHours(1))));
        await KeepAsync(store, "3.bad", Torn("ada", "019b"));
        await KeepAsync(store, "4.bad", Torn("bob", Clock(store, TimeSpan.Zero)) + "\n" + Torn("ada", Clock(store, TimeSpan.Zero)));
        await KeepAsync(store, Name("ada"), File("ada"));
        await KeepAsync(store, Name("bob"), File("bob"));
        await KeepAsync(store, "a.json", "{\"owner\" : \"ada\", \"messages\": \"" + Canary);
        await KeepAsync(store, "b.json", "{\"owner\" : \"bob\", \"messages\": \"" + Canary);

        store.Time.Advance(TimeSpan.FromMinutes(1));
        await store.Archive.EraseUserAsync(OpenedStore.Ada, CancellationToken.None);
        Assert.Null(await store.Archive.CompactAsync(CancellationToken.None));

        Assert.Equal(
            new[] { "1.torn", "2.torn", Name("bob"), "b.json" }.Order(StringComparer.Ordinal),
            store.FilesWith(Canary).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    /// <summary>A copy of another user's, a pipe, a link to nothing: it holds up neither the others nor the log, and is looked at until it can be read.</summary>
    [Theory]
    [InlineData("imported")]
    [InlineData("log/damaged")]
    public async Task Compact_OneCopyThatCannotBeRead_CleansTheRestAndLooksAgain(string copies)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        var unreadable = Path.Combine(root, copies, "0.json");
        await using (var store = OpenedStore.At(root))
        {
            await store.ExchangeAsync(Canary);
            Directory.CreateDirectory(Path.Combine(root, copies));
            System.IO.File.CreateSymbolicLink(unreadable, folder.Combine("nothing"));
            await System.IO.File.WriteAllTextAsync(Path.Combine(root, copies, "1.json"), $"{{\"id\":\"main\",\"messages\":[{{\"content\":\"{Canary}\"}}]}}");
            await store.EraseAsync();

            Assert.NotNull(await store.Archive.CompactAsync(CancellationToken.None));
            Assert.DoesNotContain(Directory.GetFiles(root, "*", SearchOption.AllDirectories), path =>
                path != unreadable && Path.GetFileName(path) != "lock" && System.IO.File.ReadAllText(path).Contains(Canary, StringComparison.Ordinal));
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == 2009 && record.Message.Contains(unreadable, StringComparison.Ordinal));
            Assert.NotNull(await store.Archive.CompactAsync(CancellationToken.None));
        }

        System.IO.File.Delete(unreadable);
        await System.IO.File.WriteAllTextAsync(unreadable, $"{{\"id\":\"main\",\"messages\":[{{\"content\":\"{Canary}\"}}]}}");
        await using var again = OpenedStore.At(root);
        Assert.Null(await again.Archive.CompactAsync(CancellationToken.None));
        Assert.Empty(again.FilesWith(Canary));
        Assert.False(System.IO.File.Exists(Path.Combine(root, "log", "copies.missed")));
    }

    private static string Torn(string user, string hlc) =>
        $$"""{"crc32c":"b6afefd2","v":1,"id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","kind":"message","user_id":"{{user}}","conversation_id":"torn1","origin":"{{OpenedStore.BackendId}}~00000001","seq":42,"hlc":"{{hlc}}","body":{"role":"user","content":"{{Canary}}""";

    private static string File(string owner) =>
        $$"""{"id":"nowhere","owner":"{{owner}}","messages":[{"content":"{{Canary}}","timestamp":"2025-03-01T10:00:00Z"},{"cont""";

    private static string Name(string owner) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(File(owner)))) + ".json";

    private static string Clock(OpenedStore store, TimeSpan ahead) =>
        HybridTimestamp.Create((store.Time.GetUtcNow() + ahead).ToUnixTimeMilliseconds(), 0).ToString();

    private static async Task AppendAsync(OpenedStore store, string torn)
    {
        await store.DisposeAsync();
        await System.IO.File.AppendAllTextAsync(store.FirstSegment, torn);
    }

    private static Task KeepAsync(OpenedStore store, string name, string text)
    {
        var damaged = Path.Combine(store.Root, "log", "damaged");
        Directory.CreateDirectory(damaged);
        return System.IO.File.WriteAllTextAsync(Path.Combine(damaged, name), text);
    }
}
