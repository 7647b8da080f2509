using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using Maestra.Backend.Audit;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Audit;

/// <summary>What the store itself gives the audit to tell (wire.md §11): an import at the first start, damage whenever it is found.</summary>
public sealed class StoreAuditTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Root => _folder.Combine("conversations");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_OverFilesOfTheEarlierBackend_TellsOfTheImportOnce()
    {
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "notes.json"), """{"id":"notes","owner":"ada","messages":[{"role":"user","content":"hello there"},{"role":"assistant","content":"hi"}]}""");
        await File.WriteAllTextAsync(Path.Combine(Root, "torn.json"), """{"id":"torn","mess""");

        await (await StartAsync()).DisposeAsync();
        File.Delete(Path.Combine(Root, "torn.json"));
        await (await StartAsync()).DisposeAsync();

        var told = Assert.Single(Events(AuditEventName.ImportDone));
        Assert.Equal("failed", (string?)told["outcome"]);
        Assert.Equal("""{"imported":1,"skipped":0,"damaged":1,"operations":2}""", told["details"]!.ToJsonString());
    }

    [Fact]
    public async Task Read_DamageFoundWhileInUse_TellsOfItOnceAndNotAtTheNextRead()
    {
        await using (var backend = await StartAsync())
        {
            Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question("What is in the cellar?", "main"))).Status);
            Assert.Empty(Events(AuditEventName.StoreDamaged));
            FlipByteOf("cellar");

            Assert.Equal("conversation_damaged", (await backend.GetAsync("/conversations/main")).Code);
            Assert.Equal("conversation_damaged", (await backend.GetAsync("/conversations/main")).Code);
        }

        Assert.Single(Events(AuditEventName.StoreDamaged));
    }

    private Task<TestBackend> StartAsync() =>
        TestBackend.StartLocalOverStoreAsync((SettingNames.ConversationRoot, Root), (SettingNames.StateRoot, _folder.Combine("state")));

    private List<JsonNode> Events(string name) =>
        [.. File.ReadAllLines(_folder.Combine("state", "audit.log")).Select(static line => JsonNode.Parse(line)!).Where(record => (string?)record["event"] == name)];

    private void FlipByteOf(string word)
    {
        var segment = Directory.GetFiles(Path.Combine(Root, "log"), "*.jsonl").Single();
        using var file = new FileStream(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        file.Position = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(word));
        file.WriteByte((byte)'k');
    }
}
