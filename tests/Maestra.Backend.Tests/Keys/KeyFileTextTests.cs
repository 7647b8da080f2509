using Maestra.Backend.Keys;

namespace Maestra.Backend.Tests.Keys;

public sealed class KeyFileTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public void Add_ToATextWithoutLineEnd_KeepsItAndCanBeRead()
    {
        var text = KeyFileText.Add("# ours\nbob:" + Hex("a-key-of-bob-1"), "team:x", "a-new-key-000001", Now);

        var content = KeyFileText.Parse(text);
        Assert.Empty(content.Mistakes);
        Assert.Equal(["bob", "team:x"], content.Keys.Select(key => key.User));
        Assert.Equal(KeyRing.Digest("a-new-key-000001"), content.Keys[1].Entry.Digest);
        Assert.Equal("2026-01-05T09:30:00.000000Z", KeyFileText.MadeAt(text, content.Keys[1]));
        Assert.Null(KeyFileText.MadeAt(text, content.Keys[0]));
        Assert.StartsWith("# ours\nbob:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("a-new-key", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_TakesTheKeyAndItsCommentAndNothingElse()
    {
        var before = "# ours\n*:" + Hex("first-key") + "\n\n";
        var text = KeyFileText.Add(KeyFileText.Add(before, "ada", "adas-key-0000001", Now), "bob", "bobs-key-0000001", Now);
        var ada = KeyFileText.Parse(text).Keys[1];

        var left = KeyFileText.Remove(text, [ada]);

        Assert.Equal(KeyFileText.Add(before, "bob", "bobs-key-0000001", Now), left);
    }

    [Theory]
    [InlineData("ada")]
    [InlineData("ada:abcd")]
    [InlineData(":0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ada:zz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ada:000000000000000000000000000000000000000000000000000000000000000000")]
    public void Parse_OtherLine_IsAMistakeWithItsNumberAndKeepsTheRest(string line)
    {
        var content = KeyFileText.Parse($"# c\n{line}\nbob:{Hex("k")}\r\n");

        Assert.StartsWith("line 2: ", Assert.Single(content.Mistakes), StringComparison.Ordinal);
        Assert.Equal((3, "bob"), (Assert.Single(content.Keys).Number, content.Keys[0].User));
    }

    private static string Hex(string key) => Convert.ToHexStringLower(KeyRing.Digest(key));
}
