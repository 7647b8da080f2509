using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Changing;

public sealed class ChangeTests
{
    private static readonly ReplyArtifact Decision = new() { Type = "decision", Id = "d-1", Title = "Merge rules", Confidence = 1.0 };

    [Fact]
    public async Task Change_EveryField_IsShownAndSurvivesARestart()
    {
        using var folder = new TemporaryFolder();
        await using (var store = OpenedStore.At(folder.Combine("hub")))
        {
            await store.ExchangeAsync("q");
            var changed = Assert.IsType<ChangeOutcome.Changed>(await store.Archive.ChangeAsync(
                Change() with { Title = "Parser rules", Status = "closed", AddTags = ["csharp", "b"], LinkArtifacts = [Decision] }, CancellationToken.None));
            Assert.Equal(("Parser rules", "closed"), (changed.Conversation.Topic, changed.Conversation.Status));
            await store.Archive.ChangeAsync(Change() with { RemoveTags = ["b"] }, CancellationToken.None);
        }

        await using var again = OpenedStore.At(folder.Combine("hub"));
        var document = await again.ReadAsync();
        Assert.Equal("Parser rules", document.Topic);
        Assert.Equal(["csharp"], document.Tags);
        Assert.Equal(("decision", "d-1", "Merge rules", 1.0), document.Artifacts.Select(one => (one.Type, one.Id, one.Title, one.Confidence)).Single());
        Assert.NotNull(document.Artifacts[0].LinkedAt);
        Assert.Empty((await again.ListAsync(new ListQuery { Owner = null })).Conversations);
        Assert.Single((await again.ListAsync(new ListQuery { Owner = null, Status = ConversationStatus.Closed })).Conversations);

        await again.Archive.ChangeAsync(Change() with { UnlinkArtifacts = [Decision] }, CancellationToken.None);
        Assert.Empty((await again.ReadAsync()).Artifacts);
    }

    [Fact]
    public async Task Change_NoSuchConversation_SaysSo()
    {
        await using var store = OpenedStore.New();

        Assert.IsType<ChangeOutcome.NotFound>(await store.Archive.ChangeAsync(Change() with { Title = "x" }, CancellationToken.None));
        Assert.IsType<ChangeOutcome.NotFound>(await store.Archive.ChangeAsync(Change(), CancellationToken.None));
    }

    private static ConversationChange Change() => new() { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse("main") };
}
