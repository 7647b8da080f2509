using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Sync;
using ConversationHub.Store.Tests.Disk;
using ConversationHub.Store.Writing;
using ConversationHub.Testing;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Tests.Import;

/// <summary>Files whose values nobody expected: each costs that value, or at most its own file, and never a start (wire.md §10.3).</summary>
public sealed class OddFileTests
{
    private const string Whole = """
        {"id":"odd","topic":"My title","owner":"ada","surfaces":["windsurf"],"tags":["x"],
         "messages":[{"id":"m-1","role":"user","content":"Text","surface":"windsurf","mode":"advisor","timestamp":"2025-03-01T10:00:00Z",
                      "meta":{"file_path":"a","workspace":"b","latency_ms":1,"model":"m","tokens":2,"cost_usd":0.5,"cost_known":true,"provider":"p",
                              "operation_id":"o","backend_id":"b","imported_id":"i",
                              "sources":[{"title":"t","type":"y","confidence":0.5,"excerpt":"e","url":"u"}]}}],
         "artifacts":[{"type":"decision","id":"d-1","title":"T","confidence":0.5}],
         "meta":{"created_at":"2025-03-01T10:00:00","updated_at":"2025-03-01T10:00:03","status":"closed","message_count":2}}
        """;

    private static readonly string[] Values =
    [
        "1e400", "-1e400", "1e-400", "123456789012345678901234567890", "null", "true", "[]", "{}", "[null]", "\"\"", "\"\\ud800\"", "\"\\u0000\"",
        "\"9999-12-31T23:59:59.9999999Z\"", "\"0001-01-01T00:00:00+14:00\"", "\"" + new string('l', 5000) + "\"",
    ];

    [Fact]
    public async Task Open_NumbersBeyondADouble_ImportsTheTextAndTheOtherFiles()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "odd.json"), Whole.Replace("0.5", "1e400", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(root, "other.json"), """{"id":"other","messages":[{"content":"hello"}]}""");

        for (var start = 0; start < 2; start++)
        {
            await using var store = OpenedStore.At(root);
            var odd = await store.ReadAsync("odd");
            Assert.Equal("Text", Assert.Single(odd.Messages).Content);
            Assert.Equal(0, Assert.Single(odd.Artifacts).Confidence);
            Assert.Null(odd.Messages[0].Meta.Sources);
            Assert.Equal("hello", Assert.Single((await store.ReadAsync("other")).Messages).Content);
        }
    }

    /// <summary>Each value of a file replaced by each odd one: what is read can be stored here, and no peer refuses it.</summary>
    [Fact]
    public void TryRead_AnyValueOutOfPlace_GivesAReasonOrWhatPeersTake()
    {
        foreach (var place in Places(JsonNode.Parse(Whole)!))
        {
            foreach (var value in Values)
            {
                var text = Replaced(place, value);
                var file = ImportReader.TryRead(Encoding.UTF8.GetBytes(text), UserId.Anonymous, DateTimeOffset.UnixEpoch.AddYears(60), out var problem);

                Assert.True(file is null != problem is null, text);
                Assert.DoesNotContain("cannot be read", problem ?? "", StringComparison.Ordinal);
                Assert.All(file?.Operations ?? [], one => Assert.Null(SyncRules.Check(Sent(file!, one.Draft))));
            }
        }
    }

    [Fact]
    public async Task Open_FileThatCannotBeImportedForAReasonNobodyForesaw_CostsThatFileAlone()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        Directory.CreateDirectory(root);
        const string First = """{"id":"a","messages":[{"content":"first"}]}""";
        await File.WriteAllTextAsync(Path.Combine(root, "a.json"), First);
        await File.WriteAllTextAsync(Path.Combine(root, "b.json"), """{"id":"b","messages":[{"content":"second"}]}""");

        await using (var store = OpenedStore.At(root, disk: new SurprisingDisk(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(First))))))
        {
            Assert.IsType<QuestionOutcome.Damaged>(await store.AskAsync(store.Question("q", "a")));
            Assert.Equal("second", (await store.ReadAsync("b")).Topic);
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == 2350 && record.Message.Contains("a.json", StringComparison.Ordinal));
        }

        await using var mended = OpenedStore.At(root);
        Assert.Equal("first", (await mended.ReadAsync("a")).Topic);
    }

    /// <summary>Bytes that a view took the place of stand in their copy alone: a full disk puts their import off, and takes nothing.</summary>
    [Fact]
    public async Task Open_CopyThatCannotBeStoredYet_StaysAndIsImportedLater()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await using (var store = OpenedStore.At(root))
            await store.ExchangeAsync("first");
        var bytes = Encoding.UTF8.GetBytes("""{"id":"kept","messages":[{"content":"a note of my own"}]}""");
        Directory.CreateDirectory(Path.Combine(root, "imported"));
        var copy = Path.Combine(root, "imported", Convert.ToHexStringLower(SHA256.HashData(bytes)) + ".json");
        await File.WriteAllBytesAsync(copy, bytes);

        await using (OpenedStore.At(root, disk: new FullAfterDisk(segmentWrites: 0)))
            Assert.True(File.Exists(copy));

        await using var again = OpenedStore.At(root);
        Assert.Equal("a note of my own", (await again.ReadAsync("kept")).Topic);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(copy));
    }

    /// <summary>The path to each value below the root, an object's or a list's.</summary>
    private static IEnumerable<object[]> Places(JsonNode node) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Below(field.Key, field.Value!)),
        JsonArray items => items.SelectMany((item, position) => Below(position, item!)),
        _ => [],
    };

    private static IEnumerable<object[]> Below(object step, JsonNode node) => Places(node).Select(place => (object[])[step, .. place]).Append([step]);

    private static string Replaced(object[] place, string value)
    {
        const string Mark = "@here@";
        var root = JsonNode.Parse(Whole)!;
        var node = root;
        foreach (var step in place[..^1])
            node = step is int position ? node![position] : node![(string)step];
        if (place[^1] is int last)
            node![last] = Mark;
        else
            node![(string)place[^1]] = Mark;
        return root.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
    }

    private static SyncOperation Sent(ImportedFile file, OperationDraft draft) => new()
    {
        Id = draft.Id.Value,
        Kind = draft.Kind,
        UserId = file.Owner.ToString(),
        ConversationId = file.ConversationId.ToString(),
        Origin = OpenedStore.BackendId + "~00000001",
        Seq = 1,
        Hlc = "019b8d7df23b0000",
        Message = draft.Kind == OperationKind.Message ? JsonSerializer.Deserialize(draft.Body, MaestraJson.Compact.MessageBody) : null,
        Field = draft.Kind == OperationKind.Field ? JsonSerializer.Deserialize(draft.Body, MaestraJson.Compact.FieldBody) : null,
    };

    /// <summary>The machine's disk, with a fault of ours where the copy of one file is kept.</summary>
    private sealed class SurprisingDisk(string sha256) : IDisk
    {
        public SafeFileHandle Open(string path) => path.Contains(sha256, StringComparison.Ordinal)
            ? throw new ArgumentException("nobody foresaw this")
            : PhysicalDisk.Instance.Open(path);

        public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => PhysicalDisk.Instance.Write(file, bytes, offset);

        public void Flush(SafeFileHandle file) => PhysicalDisk.Instance.Flush(file);

        public void FlushFolder(string path) => PhysicalDisk.Instance.FlushFolder(path);

        public void SetLength(SafeFileHandle file, long length) => PhysicalDisk.Instance.SetLength(file, length);
    }
}
