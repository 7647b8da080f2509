namespace ConversationHub.Contracts.Tests;

public sealed class SpellingTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("local_only", "local_only", 0)]
    [InlineData("local_onl", "local_only", 1)]
    [InlineData("locall_only", "local_only", 1)]
    [InlineData("locel_only", "local_only", 1)]
    [InlineData("local_olny", "local_only", 1)]
    [InlineData("olcal_only", "local_only", 1)]
    [InlineData("lcoal_olny", "local_only", 2)]
    [InlineData("lolac_only", "local_only", 2)]
    [InlineData("MAESTRA_HOME", "MAESTRA_HOST", 2)]
    [InlineData("kitten", "sitting", 3)]
    public void Slips_CountsLettersPutInTakenOutChangedOrSwapped(string left, string right, int slips)
    {
        Assert.Equal(slips, Spelling.Slips(left, right));
        Assert.Equal(slips, Spelling.Slips(right, left));
    }
}
