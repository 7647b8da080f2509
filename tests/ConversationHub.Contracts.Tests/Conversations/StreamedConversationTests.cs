using System.Text;
using System.Text.Json;

namespace ConversationHub.Contracts.Tests.Conversations;

/// <summary>An export is byte for byte the file (wire.md §4), whichever of the two is written.</summary>
public sealed class StreamedConversationTests
{
    [Theory]
    [InlineData(true, false, 0)]
    [InlineData(true, true, 3)]
    [InlineData(false, false, 1)]
    [InlineData(false, true, 500)]
    public async Task Write_OfAStreamedConversation_IsTheDocumentByteForByte(bool readable, bool truncated, int messages)
    {
        var json = readable ? MaestraJson.Readable : MaestraJson.Compact;
        var document = Document(truncated, messages);
        using var streamed = new MemoryStream();

        await JsonSerializer.SerializeAsync(streamed, StreamedConversation.Of(document), json.StreamedConversation);

        Assert.Equal(JsonSerializer.Serialize(document, json.ConversationDocument), Encoding.UTF8.GetString(streamed.ToArray()));
    }

    private static ConversationDocument Document(bool truncated, int messages) => new()
    {
        Id = "main",
        Topic = "What changed <here>?",
        Owner = "ada",
        Surfaces = ["windsurf"],
        Tags = ["csharp"],
        Messages =
        [
            .. Enumerable.Range(0, messages).Select(static number => new ConversationMessage
            {
                Id = $"019b8d7d-f23b-7a1b-ac3d-{number:x12}",
                Role = MessageRole.User,
                Content = $"naïve 日本 😀 {number}",
                Surface = "windsurf",
                Mode = number % 2 == 0 ? null : "advisor",
                Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(number),
                Meta = new MessageMeta { Workspace = "parser" },
            }),
        ],
        Artifacts = [new LinkedArtifact { Type = "decision", Id = "d-1", Confidence = 0.5 }],
        Meta = new ConversationMeta { CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch, Status = ConversationStatus.Active, MessageCount = messages },
        Truncated = truncated,
    };
}
