namespace ConversationHub.Contracts.Tests.Ids;

public sealed class IdTests
{
    public static TheoryData<string?> BadConversationIds => new()
    {
        null, "", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "index", "Index", "INDEX", "-a", "_a", "a.b", "é", "a b", new string('a', 129),
    };

    [Theory]
    [MemberData(nameof(BadConversationIds))]
    public void ConversationId_OutsideTheRule_IsRefused(string? text) => Assert.False(ConversationId.TryParse(text, out _));

    [Theory]
    [InlineData("a")]
    [InlineData("index2")]
    [InlineData("9-_x")]
    [InlineData("conv_2026-01-05_ada_406e64f1")]
    public void ConversationId_WithinTheRule_IsKeptAsItIs(string text)
    {
        Assert.True(ConversationId.TryParse(text, out var id));
        Assert.Equal(text, id.ToString());
    }

    [Fact]
    public void ConversationId_Of128Characters_IsTheLongest() =>
        Assert.True(ConversationId.TryParse(new string('a', ConversationId.MaxLength), out _));

    [Theory]
    [InlineData("", false)]
    [InlineData("ada\n", false)]
    [InlineData("a\0", false)]
    [InlineData("ada lovelace", true)]
    [InlineData("日本", true)]
    public void UserId_ControlCharactersAndHalfPairs_AreRefused(string text, bool valid) =>
        Assert.Equal(valid, UserId.TryParse(text, out _));

    /// <summary>A fact of its own: attributes are stored as UTF-8, which cannot hold half a pair.</summary>
    [Fact]
    public void UserId_HalfASurrogatePair_IsRefused() => Assert.False(UserId.TryParse("a\ud800b", out _));

    [Fact]
    public void UserId_LengthIsCountedInCodePoints()
    {
        var longest = string.Concat(Enumerable.Repeat("😀", UserId.MaxLength));

        Assert.True(UserId.TryParse(longest, out _));
        Assert.False(UserId.TryParse(longest + "a", out _));
    }

    [Theory]
    [InlineData("a.b-c_1", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\r\nX: y", false)]
    public void RequestId_OutsideItsAlphabet_IsRefused(string text, bool valid) =>
        Assert.Equal(valid, RequestId.TryParse(text, out _));

    [Theory]
    [InlineData("{019b8d7d-f23b-7a1b-ac3d-4e5f60718293}")]
    [InlineData("019b8d7df23b7a1bac3d4e5f60718293")]
    [InlineData(" 019b8d7d-f23b-7a1b-ac3d-4e5f60718293")]
    [InlineData("")]
    [InlineData(null)]
    public void OperationId_OtherFormsOfAUuid_AreRefused(string? text) => Assert.False(OperationId.TryParse(text, out _));

    [Fact]
    public void OperationId_UpperCase_IsReadAndWrittenInLowerCase() =>
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", OperationId.Parse("019B8D7D-F23B-7A1B-AC3D-4E5F60718293").ToString());

    [Fact]
    public void OperationId_OfVersion7_TellsWhenItWasMinted()
    {
        Assert.Equal(
            new DateTimeOffset(2026, 1, 5, 9, 30, 0, 123, TimeSpan.Zero),
            OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293").MintedAt);
        Assert.Null(OperationId.Parse("6f1d2c3b-4a59-4877-8899-aabbccddeeff").MintedAt);
    }
}
