using ConversationHub.Contracts;
using Maestra.Backend.Advisors;

namespace Maestra.Backend.Tests.Advisors;

public sealed class PromptHistoryTests
{
    [Fact]
    public void Bound_TooManyMessages_KeepsTheLatestInOrder()
    {
        var history = Enumerable.Range(0, 10).Select(i => RecallTextTests.Message(MessageRole.User, $"m{i}")).ToArray();

        Assert.Equal(["m7", "m8", "m9"], PromptHistory.Bound(history, 3, 1000).Select(message => message.Content));
        Assert.Equal(["m8", "m9"], PromptHistory.Bound(history, 10, 5).Select(message => message.Content));
        Assert.Empty(PromptHistory.Bound(history, 10, 1));
    }

    [Fact]
    public void Bound_TwoRepliesToOneQuestion_KeepsTheLatest()
    {
        ConversationMessage[] history =
        [
            RecallTextTests.Message(MessageRole.User, "q", "1"), RecallTextTests.Message(MessageRole.Assistant, "first", "1"),
            RecallTextTests.Message(MessageRole.Assistant, "second", "1"),
        ];

        Assert.Equal(["q", "second"], PromptHistory.Bound(history, 10, 1000).Select(message => message.Content));
    }
}
