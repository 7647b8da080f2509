using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing.Time;
using Maestra.Backend.Conversations;
using Microsoft.AspNetCore.Http;

namespace Maestra.Backend.Tests.Conversations;

/// <summary>What an export says when something cannot be read.</summary>
public sealed class UserExportTests
{
    [Fact]
    public async Task Write_DamagedConversations_AreCountedAndTheRestIsThere()
    {
        var (isComplete, text, written) = await WriteAsync(Found("a"), new ReadOutcome.Damaged(), Found("b"));

        var export = JsonNode.Parse(text)!.AsObject();
        Assert.Equal((true, 2, 1), (isComplete, written, (int)export["unreadable_conversations"]!));
        Assert.Equal(["a", "b"], export["conversations"]!.AsArray().Select(one => (string?)one!["id"]));
        Assert.Equal("ada", (string?)export["user_id"]);
    }

    /// <summary>A part must not look like the whole.</summary>
    [Fact]
    public async Task Write_StoreFailsInTheMiddle_IsNotCompleteAndNoJson()
    {
        var (isComplete, text, written) = await WriteAsync(
            Found("a"), new ReadOutcome.Unavailable(new StoreFailure(StoreFailureKind.Unavailable, "gone")), Found("b"));

        Assert.Equal((false, 1), (isComplete, written));
        Assert.ThrowsAny<JsonException>(() => JsonNode.Parse(text));
    }

    private static async Task<(bool IsComplete, string Text, int Written)> WriteAsync(params ReadOutcome[] outcomes)
    {
        var body = new MemoryStream();
        var context = new DefaultHttpContext();
        context.Response.Body = body;
        await using var conversations = EnumerateAsync(outcomes);
        Assert.True(await conversations.MoveNextAsync());
        var written = 0;
        var isComplete = await new UserExport(new NoPeers(), new ManualTimeProvider())
            .WriteAsync(context, UserId.Parse("ada"), conversations, () => written++);
        return (isComplete, Encoding.UTF8.GetString(body.ToArray()), written);
    }

    private sealed class NoPeers : IPeerExport
    {
        public ValueTask<bool> TryWriteAsync(System.Text.Json.Utf8JsonWriter json, UserId user, CancellationToken cancellationToken) => new(true);
    }

    private static async IAsyncEnumerator<ReadOutcome> EnumerateAsync(ReadOutcome[] outcomes)
    {
        foreach (var outcome in outcomes)
        {
            await Task.Yield();
            yield return outcome;
        }
    }

    private static ReadOutcome.Found Found(string id) => new(new ConversationDocument
    {
        Id = id,
        Topic = "t",
        Owner = "ada",
        Surfaces = [],
        Tags = [],
        Messages = [],
        Artifacts = [],
        Meta = new ConversationMeta
        {
            CreatedAt = DateTimeOffset.UnixEpoch,
            UpdatedAt = DateTimeOffset.UnixEpoch,
            Status = ConversationStatus.Active,
            MessageCount = 0,
        },
    });
}
