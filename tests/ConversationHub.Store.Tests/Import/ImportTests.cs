using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store.Maintenance;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Import;

/// <summary>T73.</summary>
public sealed class ImportTests
{
    private const string Earlier = """
        {"id":"conv_2025-03-01_ada_1a2b3c4d","topic":"My title","owner":"ada","surfaces":["windsurf","goose"],"tags":["x"],
         "messages":[{"id":"6f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f","role":"user","content":"Größe?","surface":"windsurf","mode":null,"timestamp":"2025-03-01T10:00:00","meta":{}},
                     {"id":"m-2","role":"assistant","content":"Zwölf.","surface":"goose","mode":"advisor","timestamp":"2025-03-01T10:00:02.5Z","meta":{"model":"gpt","tokens":"many"}}],
         "artifacts":[{"type":"decision","id":"d-1","title":"T","confidence":0.5}],
         "meta":{"created_at":"2025-03-01T10:00:00","updated_at":"2025-03-01T10:00:03","status":"closed","message_count":2}}
        """;

    [Fact]
    public async Task Open_FolderOfTheEarlierBackend_IsTakenOverOnceByteSafe()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "conv_2025-03-01_ada_1a2b3c4d.json"), Earlier);
        await File.WriteAllTextAsync(Path.Combine(root, "index.json"), "{\"conversations\":[]}");

        await using (var store = OpenedStore.At(root))
        {
            var document = await store.ReadAsync("conv_2025-03-01_ada_1a2b3c4d");
            Assert.Equal(("My title", "ada", "closed"), (document.Topic, document.Owner, document.Meta.Status));
            Assert.Equal(["Größe?", "Zwölf."], document.Messages.Select(message => message.Content));
            Assert.Equal("6f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f", document.Messages[0].Id);
            Assert.Equal(8, Guid.Parse(document.Messages[1].Id).Version);
            Assert.Equal(new DateTimeOffset(2025, 3, 1, 10, 0, 0, TimeSpan.Zero), document.Messages[0].Timestamp);
            Assert.Equal(["windsurf", "goose"], document.Surfaces);
            Assert.Equal(["x"], document.Tags);
            Assert.Equal("d-1", Assert.Single(document.Artifacts).Id);
            Assert.Equal(Encoding.UTF8.GetBytes(Earlier), await File.ReadAllBytesAsync(Directory.GetFiles(Path.Combine(root, "imported")).Single()));
            await store.ExchangeAsync("goes on", conversation: "conv_2025-03-01_ada_1a2b3c4d");
        }

        var lines = await File.ReadAllLinesAsync(Path.Combine(root, "log", "000000000001.jsonl"));
        await using var again = OpenedStore.At(root);
        Assert.Equal(4, (await again.ReadAsync("conv_2025-03-01_ada_1a2b3c4d")).Messages.Count);
        Assert.Equal(lines, await File.ReadAllLinesAsync(again.FirstSegment));
        Assert.True(new LogMaintenance(OpenedStore.Options(root), again.Time, again.Ids, NullLogger.Instance).Verify().IsSound);
    }

    /// <summary>A long file is several commits, and a peer may ask between two: the mark that keeps it here is in the first one (decision 45).</summary>
    [Fact]
    public async Task Open_ALongFileThatIsKeptHere_IsMarkedBeforeItsFirstMessage()
    {
        const int Messages = 600;
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        var messages = string.Join(',', Enumerable.Range(0, Messages).Select(static n =>
            $$$"""{"id":"m-{{{n}}}","role":"user","content":"secret {{{n}}}","timestamp":"2025-03-01T10:00:00Z","meta":{}}"""));
        await File.WriteAllTextAsync(
            Path.Combine(root, "kept.json"),
            $$$"""{"id":"kept","topic":"t","owner":"ada","tags":["a","local_only","z"],"messages":[{{{messages}}}],"meta":{"created_at":"2025-03-01T10:00:00Z"}}""");

        await using var store = OpenedStore.At(root);

        var document = await store.ReadAsync("kept");
        Assert.Equal((Messages, "t"), (document.Messages.Count, document.Topic));
        Assert.Equal(["a", "local_only", "z"], document.Tags);
        var lines = (await File.ReadAllLinesAsync(store.FirstSegment)).ToList();
        var mark = lines.FindIndex(static line => line.Contains("tag:local_only", StringComparison.Ordinal));
        var text = lines.FindIndex(static line => line.Contains("secret 0", StringComparison.Ordinal));
        Assert.True(mark >= 0 && mark < text, $"The mark is line {mark}, the first message line {text}.");
    }

    [Fact]
    public async Task Import_TwiceAndOnTwoMachines_IsOnceWithTheSameIds()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Combine("old"));
        await File.WriteAllTextAsync(folder.Combine("old", "a.json"), Earlier);
        await File.WriteAllTextAsync(folder.Combine("old", "mail.json"), Earlier
            .Replace("conv_2025-03-01_ada_1a2b3c4d", "ada@example.com", StringComparison.Ordinal).Replace("6f1c2d3e", "7f1c2d3e", StringComparison.Ordinal));
        await File.WriteAllTextAsync(folder.Combine("old", "broken.json"), "{\"id\":");
        var described = new List<string>();
        foreach (var machine in new[] { "one", "two" })
        {
            var maintenance = Maintenance(folder.Combine(machine));
            var first = (await maintenance.ImportAsync(folder.Combine("old"), CancellationToken.None)).Report!;
            var second = (await maintenance.ImportAsync(folder.Combine("old"), CancellationToken.None)).Report!;
            Assert.Equal((2, 0, 1), (first.Imported, first.Skipped, first.Damaged.Count));
            Assert.Equal(("broken.json", 12), (first.Damaged[0].File, first.Operations));
            Assert.Equal((0, 2, 1, 0), (second.Imported, second.Skipped, second.Damaged.Count, second.Operations));
            await using var store = OpenedStore.At(folder.Combine(machine));
            var document = await store.ReadAsync("ada_example_com");
            Assert.All(document.Messages, message => Assert.Equal("ada@example.com", message.Meta.ImportedId));
            described.Add(System.Text.Json.JsonSerializer.Serialize(document, MaestraJson.Compact.ConversationDocument));
        }

        Assert.Equal(described[0], described[1]);
        Assert.Equal(3, Directory.GetFiles(folder.Combine("old")).Length);
    }

    /// <summary>T62.</summary>
    [Fact]
    public async Task Open_FileThatIsNoConversation_IsLeftAndItsIdIsDamaged()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "broken.json"), "{\"id\":\"broken\",\"mess");

        await using var store = OpenedStore.At(root);

        Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q", "broken")));
        Assert.IsType<ReadOutcome.Damaged>(await store.Store.ReadAsync(
            new ReadQuery { Owner = null, ConversationId = ConversationId.Parse("broken") }, CancellationToken.None));
        Assert.Equal("{\"id\":\"broken\",\"mess", await File.ReadAllTextAsync(Path.Combine(root, "broken.json")));
        await store.ExchangeAsync("others work");
    }

    [Fact]
    public async Task Erase_ImportedConversation_RemovesTheCopyAndItIsNotImportedAgain()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        var text = Earlier.Replace("conv_2025-03-01_ada_1a2b3c4d", "ada@example.com", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(root, "ada@example.com.json"), text);
        await using (var store = OpenedStore.At(root))
        {
            await store.EraseAsync("ada_example_com");
            await store.Archive.CompactAsync(CancellationToken.None);
            Assert.Empty(store.FilesWith("Zwölf."));
        }

        await File.WriteAllTextAsync(Path.Combine(root, "changed.json"), text + " ");
        await using var again = OpenedStore.At(root);
        Assert.IsType<ReadOutcome.Erased>(await again.Store.ReadAsync(
            new ReadQuery { Owner = null, ConversationId = ConversationId.Parse("ada_example_com") }, CancellationToken.None));
    }

    private static LogMaintenance Maintenance(string root)
    {
        var time = new Testing.Time.ManualTimeProvider();
        return new LogMaintenance(OpenedStore.Options(root), time, new IdSource(time), NullLogger.Instance);
    }
}
