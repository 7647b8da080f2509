using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;

namespace Maestra.Backend.Tests.Advisors;

public sealed class RecallTextTests
{
    [Fact]
    public void Compose_Passages_QuotesThemWithConversationSurfaceAndDate()
    {
        var prompt = Prompt("What changed in the parser?");
        Passage[] found =
        [
            Passage("In the parser two rules were merged.\nThe lexer stayed.", score: 9, conversation: "notes", role: MessageRole.User),
            Passage("The parser is in src/Parser.cs.", score: 6, conversation: "current", role: MessageRole.Assistant, surface: "browser_ext"),
        ];

        var text = RecallText.Compose(RecallText.Select(found, prompt), prompt);

        Assert.Equal(
            """
            From your stored conversations, best match first:

            1. You wrote in conversation notes (windsurf, 2026-01-04):
               > In the parser two rules were merged.
               > The lexer stayed.

            2. Maestra answered earlier in this conversation current (browser_ext, 2026-01-04):
               > The parser is in src/Parser.cs.

            These are quotes; no language model was asked.
            """,
            text);
    }

    [Fact]
    public void Compose_Nothing_SaysSoPlainly()
    {
        var prompt = Prompt("What changed in the parser?");

        var text = RecallText.Compose([], prompt);

        Assert.StartsWith("I found nothing about this in your stored conversations.", text, StringComparison.Ordinal);
        Assert.Empty(RecallText.Sources([], prompt));
    }

    [Fact]
    public void Select_QuestionAskedBefore_IsNotQuotedBack()
    {
        var prompt = Prompt("What changed in the parser?");

        var chosen = RecallText.Select([Passage("what changed in the  PARSER", 9), Passage("The parser got faster.", 8)], prompt);

        Assert.Equal("The parser got faster.", Assert.Single(chosen).Content);
    }

    [Fact]
    public void Select_EarlierRecallsAndRepeats_AreLeftOut()
    {
        var prompt = Prompt("What changed in the parser?");
        var quote = RecallText.Compose([Passage("The parser got faster.", 8)], prompt);
        var nothing = RecallText.Compose([], prompt);

        var chosen = RecallText.Select(
        [
            Passage(quote, 9, role: MessageRole.Assistant), Passage(nothing + " parser", 9, role: MessageRole.Assistant),
            Passage("The parser got faster.", 8), Passage("The parser got faster!", 7),
        ], prompt);

        Assert.Equal("The parser got faster.", Assert.Single(chosen).Content);
    }

    [Theory]
    [InlineData("The weather is fine and what is it?", 9)]
    [InlineData("The parser again.", 1)]
    public void Select_ChanceMatch_IsLeftOut(string content, double score)
    {
        var prompt = Prompt("What changed in the parser?");

        Assert.Equal(["The parser got faster."],
            RecallText.Select([Passage("The parser got faster.", 9.5), Passage(content, score)], prompt).Select(passage => passage.Content));
    }

    [Fact]
    public void Select_OtherFormOfAWord_Matches() =>
        Assert.Single(RecallText.Select([Passage("Deployments run on Friday.", 3)], Prompt("When do we deploy?")));

    [Fact]
    public void Sources_Passages_HaveTitleExcerptAndConfidence()
    {
        var prompt = Prompt("parser?");

        var source = RecallText.Sources([Passage("A parser.", 8), Passage("Another parser.", 4)], prompt)[1];

        Assert.Equal(("notes, windsurf, 2026-01-04", "conversation", 0.5, "Another parser."), (source.Title, source.Type, source.Confidence, source.Excerpt));
    }

    [Fact]
    public void Excerpt_LongText_IsCutBetweenWordsAroundTheMatch()
    {
        var text = string.Concat(Enumerable.Repeat("filler words ", 100)) + "the parser was rewritten " + string.Concat(Enumerable.Repeat("more words ", 100));

        var excerpt = Excerpt.Around(text, new SearchWords("parser?"), 120);

        Assert.Contains("the parser was rewritten", excerpt, StringComparison.Ordinal);
        Assert.InRange(excerpt.Length, 60, 122);
        Assert.Matches("^…(filler|words) .* (more|words)…$", excerpt);
    }

    [Fact]
    public void Excerpt_WithoutAnySpace_NeverCutsAPair()
    {
        var text = string.Concat(Enumerable.Repeat("😀", 500));

        for (var length = 20; length < 40; length++)
            Assert.True(FreeText.IsStorable(Excerpt.Around(text, new SearchWords("parser"), length)));
    }

    internal static AdvisorPrompt Prompt(string message, params ConversationMessage[] history) => new()
    {
        QuestionId = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"),
        ConversationId = ConversationId.Parse("current"),
        Asker = UserId.Parse("ada"),
        Message = message,
        Mode = "advisor",
        History = history,
        Context = null,
        Hints = [],
        ClientContext = null,
    };

    internal static ConversationMessage Message(string role, string content, string? question = null) => new()
    {
        Id = "019b8d7d-0000-7000-8000-000000000000",
        Role = role,
        Content = content,
        Surface = "windsurf",
        Mode = null,
        Timestamp = new DateTimeOffset(2026, 1, 4, 12, 0, 0, TimeSpan.Zero),
        Meta = new MessageMeta { OperationId = question },
    };

    private static Passage Passage(string content, double score, string conversation = "notes", string role = MessageRole.User, string surface = "windsurf") => new(
        ConversationId.Parse(conversation), UserId.Parse("ada"), OperationId.Parse("019b8d7d-0000-7000-8000-000000000000"), role, surface,
        new DateTimeOffset(2026, 1, 4, 12, 0, 0, TimeSpan.Zero), content, score);
}
