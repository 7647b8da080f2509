namespace ConversationHub.Contracts.Tests.Asks;

public sealed class QuestionFingerprintTests
{
    private static readonly QuestionFingerprint Example = new()
    {
        ConversationId = "conv_2026-01-05_ada_406e64f1",
        Endpoint = QuestionFingerprint.CoreEndpoint,
        Message = "What changed in the parser?",
        ModeHint = null,
        SurfaceContext = new SurfaceContext { FilePath = "src/Parser.cs", Workspace = "parser" },
        SurfaceId = "windsurf",
        UserId = "ada",
    };

    [Fact]
    public void Compute_RequestOfSection2_GivesItsVector() =>
        Assert.Equal("f0008c211a1496993758712bcc71c0926a25f886772af266a2794db55246ac50", Example.Compute());

    [Fact]
    public void Compute_AnyOtherPart_GivesAnotherDigest()
    {
        QuestionFingerprint[] others =
        [
            Example with { ConversationId = null },
            Example with { Endpoint = QuestionFingerprint.AdvisorEndpoint },
            Example with { Message = "What changed?" },
            Example with { ModeHint = "tutorial" },
            Example with { SurfaceContext = null },
            Example with { SurfaceId = "cli" },
            Example with { UserId = "bob" },
        ];

        Assert.Equal(others.Length + 1, others.Append(Example).Select(one => one.Compute()).Distinct().Count());
    }
}
