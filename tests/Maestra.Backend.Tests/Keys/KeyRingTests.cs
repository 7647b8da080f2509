using ConversationHub.Testing;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Keys;

public sealed class KeyRingTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void FindOwner_SeveralKeys_EachHasItsUser()
    {
        File.WriteAllText(_home.Combine("keys"), "# rotated 2026-01\n\ncarol:" + Convert.ToHexStringLower(KeyRing.Digest("carols-key-0000001")) + "\r\n");
        var ring = Bind(out var errors,
            ("MAESTRA_API_KEY", "owner-of-all-users"),
            ("MAESTRA_API_KEYS", "ada:adas-first-key-01,ada:adas-second-key-1, team:x:teams-key-0000001,*:another-owner-key1"),
            ("MAESTRA_API_KEYS_FILE", _home.Combine("keys")));

        Assert.Empty(errors);
        Assert.Equal(KeyOwner.All, ring.FindOwner("owner-of-all-users"));
        Assert.Equal("ada", ring.FindOwner("adas-first-key-01")?.User?.ToString());
        Assert.Equal("ada", ring.FindOwner("adas-second-key-1")?.User?.ToString());
        Assert.Equal("team:x", ring.FindOwner("teams-key-0000001")?.User?.ToString());
        Assert.Equal(KeyOwner.All, ring.FindOwner("another-owner-key1"));
        Assert.Equal("carol", ring.FindOwner("carols-key-0000001")?.User?.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("owner-of-all-user")]
    [InlineData("OWNER-OF-ALL-USERS")]
    [InlineData("owner-of-all-users ")]
    public void FindOwner_OtherKey_HasNone(string? key) =>
        Assert.Null(Bind(out _, ("MAESTRA_API_KEY", "owner-of-all-users")).FindOwner(key));

    [Theory]
    [InlineData("ada: long-enough-key-1")]
    [InlineData("ada :long-enough-key-1")]
    [InlineData(" ada : long-enough-key-1 ")]
    public void Bind_SpacesAroundTheColon_AreNoPartOfUserOrKey(string list) =>
        Assert.Equal("ada", Bind(out _, ("MAESTRA_API_KEYS", list)).FindOwner("long-enough-key-1")?.User?.ToString());

    [Theory]
    [InlineData("MAESTRA_API_KEYS", "ada", "entry 1")]
    [InlineData("MAESTRA_API_KEYS", "ada:long enough too-short", "white space")]
    [InlineData("MAESTRA_API_KEYS", "ada:long-enough-key-1,:no-user-before-it", "entry 2")]
    [InlineData("MAESTRA_API_KEYS", "ada:too-short", "entry 1")]
    [InlineData("MAESTRA_API_KEYS_FILE", "ada:abcd", "line 1")]
    [InlineData("MAESTRA_API_KEYS_FILE", "# c\nada:zz", "line 2")]
    public void Bind_BadEntry_NamesItsPlaceAndNotTheKey(string name, string value, string place)
    {
        if (name.EndsWith("_FILE", StringComparison.Ordinal))
        {
            File.WriteAllText(_home.Combine("bad"), value);
            value = _home.Combine("bad");
        }

        Bind(out var errors, (name, value));

        var error = Assert.Single(errors);
        Assert.Contains(place, error, StringComparison.Ordinal);
        Assert.DoesNotContain("too-short", error, StringComparison.Ordinal);
    }

    private KeyRing Bind(out IReadOnlyList<string> errors, params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(setting => setting.Name, setting => setting.Value);
        variables["HOME"] = _home.Path;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), variables));
        var ring = KeyRingBinder.Bind(reader).Ring;
        errors = reader.Errors;
        return ring;
    }
}
