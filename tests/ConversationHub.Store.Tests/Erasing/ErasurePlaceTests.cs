using ConversationHub.Store.Erasing;

namespace ConversationHub.Store.Tests.Erasing;

public sealed class ErasurePlaceTests
{
    [Fact]
    public void Format_Parsed_IsTheSame()
    {
        const string Text = "local_a~00000001=7 local_b~00000002=0,12,3";
        var places = ErasurePlace.Parse(Text);

        Assert.Equal("local_a~00000001=7 local_b~00000002=0,3,12", ErasurePlace.Format(places));
        Assert.Equal([true, true, false], ((int[])[1, 7, 8]).Select(places["local_a~00000001"].Covers));
        Assert.Equal([false, true, false, true], ((int[])[1, 3, 4, 12]).Select(places["local_b~00000002"].Covers));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("731")]
    [InlineData("a=")]
    [InlineData("a=-1 b=x c=1,,2 d=1=2 e=99999999999")]
    public void Parse_NoPlace_BeginsAtTheBeginning(string? text) => Assert.Empty(ErasurePlace.Parse(text));
}
