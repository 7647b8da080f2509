using System.Net;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.LocalOnly;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;

namespace Maestra.Backend.Tests.LocalOnly;

/// <summary>What hubs of the same home find while this backend is down (docs/decisions/0034).</summary>
public sealed class LocalOnlyMarksTests : IDisposable
{
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

    private IEnumerable<string?> Marks() => Directory.Exists(Folder) ? Directory.GetFiles(Folder).Select(Path.GetFileName) : [];

    private Task<TestBackend> StartAsync() =>
        TestBackend.StartPeerAsync(new ManualTimeProvider(), (SettingNames.Mode, "local"), ("HOME", _home.Path));
}
