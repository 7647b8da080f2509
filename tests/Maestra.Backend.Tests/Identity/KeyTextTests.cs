using Maestra.Backend.Identity;

namespace Maestra.Backend.Tests.Identity;

public sealed class KeyTextTests
{
    /// <summary>A line of <c>security -i</c> is cut after 4,095 bytes, so two keys must fit into one.</summary>
    [Fact]
    public void Pack_TwoKeys_FitIntoALineAndComeBack()
    {
        var document = IdentityDocument.Rotate(IdentityDocument.New(DateTimeOffset.UnixEpoch), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

        var word = KeyText.Pack(document);

        Assert.InRange(KeyProgram.Keychain.WriteInput(new string('a', 16), word).Length, 1, KeyProgram.Keychain.MaxInputCharacters);
        Assert.True(KeyText.TryUnpack(word, out var back));
        Assert.Equal(document, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no base64")]
    [InlineData("bm8gZ3ppcA==")]
    public void Unpack_SomethingElse_IsRefused(string word) => Assert.False(KeyText.TryUnpack(word, out _));

    [Fact]
    public void Unpack_CutOrSwollen_IsRefused()
    {
        var word = KeyText.Pack(new string('k', 17 * 1024));

        Assert.False(KeyText.TryUnpack(word, out _));
        Assert.False(KeyText.TryUnpack(KeyText.Pack("keys and more keys")[..16], out _));
    }
}
