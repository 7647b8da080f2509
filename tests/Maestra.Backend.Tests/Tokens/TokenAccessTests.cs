using System.Net;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using static Maestra.Backend.Tests.Tokens.TokenForge;

namespace Maestra.Backend.Tests.Tokens;

/// <summary>A token in a key's place, over HTTP.</summary>
public sealed class TokenAccessTests
{
    [Fact]
    public async Task Bearer_HonestToken_IsItsUser_AndLimitedAsThatUser()
    {
        await using var backend = await StartAsync((SettingNames.RateLimitRequests, "2"));
        var ada = ("Authorization", "Bearer " + Hs256(Claims("ada")));

        var own = await backend.AskAsync(TestBackend.Question(conversation: "c", user: "ada"), headers: [ada]);
        var other = await backend.AskAsync(TestBackend.Question(user: "bob"), headers: [("Authorization", "Bearer " + Hs256(Claims("ada", Now + 60)))]);
        var third = await backend.GetAsync("/conversations", headers: [ada]);

        Assert.Equal(HttpStatusCode.OK, own.Status);
        Assert.Equal((HttpStatusCode.Forbidden, "user_mismatch"), (other.Status, other.Code));
        Assert.Equal(HttpStatusCode.TooManyRequests, third.Status);
        // Ada's own key is another caller, and sees what her token wrote.
        Assert.Equal("ada", (string?)(await backend.GetAsync("/conversations/c", TestBackend.AdaKey)).Json["owner"]);
    }

    [Fact]
    public async Task Bearer_ForgedToken_IsTheSame401_AndCountsAsAFailedKey()
    {
        await using var backend = await StartAsync();
        var id = ("X-Request-ID", "r-1");
        var forged = await backend.GetAsync("/conversations", headers: [id, ("Authorization", "Bearer " + Hs256(Claims(), secret: "x" + Secret))]);
        var missing = await backend.GetAsync("/conversations", headers: [id]);

        Assert.Equal((HttpStatusCode.Unauthorized, missing.Text), (forged.Status, forged.Text));
        for (var failed = 1; failed < 20; failed++)
            await backend.GetAsync("/conversations", headers: ("Authorization", "Bearer " + Hs256(Claims(expiresAt: Now - 60))));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.Key)).Status);
    }

    [Fact]
    public async Task WithoutAnIssuer_ATokenIsNoKey()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/conversations", headers: ("Authorization", "Bearer " + Hs256(Claims())))).Status);
    }

    [Fact]
    public async Task IssuerAlone_StandsInForKeys()
    {
        await using var backend = await StartAsync((SettingNames.ApiKey, ""), (SettingNames.ApiKeys, ""));

        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", headers: ("Authorization", "Bearer " + Hs256(Claims())))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/conversations", TestBackend.Key)).Status);
    }

    private static Task<TestBackend> StartAsync(params (string Name, string Value)[] settings) => TestBackend.StartCloudAsync(
        [(SettingNames.JwtSecretKey, Secret), (SettingNames.JwtIssuer, Issuer), (SettingNames.JwtAudience, Audience), .. settings]);
}
