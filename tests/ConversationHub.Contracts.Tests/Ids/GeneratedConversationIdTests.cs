namespace ConversationHub.Contracts.Tests.Ids;

public sealed class GeneratedConversationIdTests
{
    private static readonly OperationId Operation = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
    private static readonly DateTimeOffset Later = new(2030, 7, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("ada", "conv_2026-01-05_ada_406e64f1")]
    [InlineData("ada@example.com", "conv_2026-01-05_ada_406e64f1")]
    [InlineData("../ada b", "conv_2026-01-05_ada_b_406e64f1")]
    [InlineData("日本", "conv_2026-01-05_user_406e64f1")]
    [InlineData("@example.com", "conv_2026-01-05_user_406e64f1")]
    [InlineData("a__b", "conv_2026-01-05_a_b_406e64f1")]
    public void Create_VectorsOfSection15_GiveTheirId(string user, string expected) =>
        Assert.Equal(expected, GeneratedConversationId.Create(Operation, user, Later).ToString());

    [Fact]
    public void Create_IdThatIsNotVersion7_TakesTheDayOfReceipt()
    {
        var id = GeneratedConversationId.Create(OperationId.Parse("6f1d2c3b-4a59-4877-8899-aabbccddeeff"), "ada", Later);

        Assert.StartsWith("conv_2030-07-01_ada_", id.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_LongestUserAndEveryAttempt_GivesEightDifferentValidIds()
    {
        var ids = Enumerable.Range(0, GeneratedConversationId.MaxAttempts)
            .Select(attempt => GeneratedConversationId.Create(Operation, new string('x', UserId.MaxLength), Later, attempt))
            .ToList();

        Assert.Equal(GeneratedConversationId.MaxAttempts, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(ConversationId.TryParse(id.ToString(), out _)));
    }
}
