using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ConversationHub.Contracts.Tests;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData(
        """{"b":1,"a":"x","c":[true,null,{"z":"é","y":"\n"}]}""",
        """{"a": "x", "b": 1, "c": [true, null, {"y": "\n", "z": "\u00e9"}]}""",
        "ade1e53eb8397744a7d0833189bceb7b1d3d30ea3a1a146131978f2758dfbb94")]
    [InlineData(
        """{"text":"naïve 日本 😀 \"q\" \\ / \u007f","n":-7}""",
        """{"n": -7, "text": "na\u00efve \u65e5\u672c \ud83d\ude00 \"q\" \\ / \u007f"}""",
        "5fb41b846212c6a9c70cbb0d29a899590771646ccf903409358832a71285c56c")]
    public void Serialize_VectorsOfSection15_GiveTheirFormAndDigest(string json, string canonical, string sha256)
    {
        var bytes = CanonicalJson.Serialize(JsonNode.Parse(json));

        Assert.Equal(canonical, Encoding.UTF8.GetString(bytes));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [Fact]
    public void Serialize_KeysAboveTheSurrogates_AreSortedByCodePoint()
    {
        var value = new JsonObject { ["\U0001F600"] = 1, ["\uFFEE"] = 2 };

        Assert.Equal("""{"\uffee": 2, "\ud83d\ude00": 1}""", Encoding.ASCII.GetString(CanonicalJson.Serialize(value)));
    }

    [Fact]
    public void Serialize_Fraction_IsRefused() =>
        Assert.Throws<FormatException>(() => CanonicalJson.Serialize(JsonNode.Parse("1.5")));
}
