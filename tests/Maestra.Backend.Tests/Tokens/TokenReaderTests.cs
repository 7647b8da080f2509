using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Settings;
using Maestra.Backend.Tokens;
using static Maestra.Backend.Tests.Tokens.TokenForge;

namespace Maestra.Backend.Tests.Tokens;

/// <summary>Tokens of the configured issuer (issue 6, item 2).</summary>
public sealed class TokenReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly RSA _key = RSA.Create(2048);

    public static TheoryData<string, string> Forged => new()
    {
        { "wrong secret", Hs256(Claims(), secret: Secret + "x") },
        { "no signature", Hs256(Claims())[..(Hs256(Claims()).LastIndexOf('.') + 1)] },
        { "alg none", $"{Encode("""{"alg":"none","typ":"JWT"}""")}.{Encode(Claims())}." },
        { "alg none with a signature", $"{Encode("""{"alg":"none"}""")}.{Encode(Claims())}.AAAA" },
        { "alg None", Hs256(Claims(), """{"alg":"None"}""") },
        { "alg HS384 in name", Hs256(Claims(), """{"alg":"HS384","typ":"JWT"}""") },
        { "alg hs256", Hs256(Claims(), """{"alg":"hs256","typ":"JWT"}""") },
        { "alg RS256 in name", Hs256(Claims(), """{"alg":"RS256","typ":"JWT"}""") },
        { "no alg", Hs256(Claims(), """{"typ":"JWT"}""") },
        { "alg twice", Hs256(Claims(), """{"alg":"HS256","alg":"none"}""") },
        { "crit", Hs256(Claims(), """{"alg":"HS256","crit":["exp"]}""") },
        { "own key", Hs256(Claims(), """{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}""") },
        { "key's address", Hs256(Claims(), """{"alg":"HS256","jku":"https://evil.example/keys"}""") },
        { "other type", Hs256(Claims(), """{"alg":"HS256","typ":"SBT"}""") },
        { "type is no text", Hs256(Claims(), """{"alg":"HS256","typ":1}""") },
        { "kid is no text", Hs256(Claims(), """{"alg":"HS256","kid":["k1"]}""") },
        { "expired", Hs256(Claims(expiresAt: Now - 30)) },
        { "never expires", Hs256($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"ada"}""") },
        { "exp is a text", Hs256($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"ada","exp":"{{Now + 600}}"}""") },
        { "exp is null", Hs256($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"ada","exp":null}""") },
        { "exp beyond time", Hs256($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"ada","exp":1e300}""") },
        { "exp twice", Hs256(Claims(expiresAt: Now - 600, more: $",\"exp\":{Now + 600}")) },
        { "not yet", Hs256(Claims(more: $",\"nbf\":{Now + 31}")) },
        { "nbf is a text", Hs256(Claims(more: ",\"nbf\":\"0\"")) },
        { "iat is a text", Hs256(Claims(more: ",\"iat\":\"0\"")) },
        { "other issuer", Hs256(Claims().Replace(Issuer, Issuer + "/", StringComparison.Ordinal)) },
        { "issuer in a list", Hs256(Claims().Replace($"\"{Issuer}\"", $"[\"{Issuer}\"]", StringComparison.Ordinal)) },
        { "other audience", Hs256(Claims().Replace($"\"{Audience}\"", "\"other\"", StringComparison.Ordinal)) },
        { "no audience", Hs256($$"""{"iss":"{{Issuer}}","sub":"ada","exp":{{Now + 600}}}""") },
        { "audience in parts", Hs256(Claims().Replace($"\"{Audience}\"", $"[\"{Audience}\",1]", StringComparison.Ordinal)) },
        { "no subject", Hs256($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","exp":{{Now + 600}}}""") },
        { "subject of all users", Hs256(Claims("*")) },
        { "subject anonymous", Hs256(Claims("anonymous")) },
        { "empty subject", Hs256(Claims("")) },
        { "subject with a line end", Hs256(Claims("""ada\nroot""")) },
        { "padded signature", Hs256(Claims()) + "=" },
        { "padded payload", Pad(Hs256(Claims()), 1) },
        { "white space", " " + Hs256(Claims()) },
        { "four parts", Hs256(Claims()) + ".AAAA" },
        { "five parts", Hs256(Claims()) + ".AAAA.AAAA" },
        { "two parts", $"{Encode(Header)}.{Encode(Claims())}" },
        { "payload is no object", Hs256("[]") },
        { "payload is no JSON", Hs256("ada") },
        { "header is no JSON", Hs256(Claims(), "HS256") },
        { "too long", Hs256(Claims(more: $",\"x\":\"{new string('x', 9_000)}\"")) },
        { "nothing", "" },
        { "dots", ".." },
    };

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Forged))]
    public async Task Hs256_ForgedOrExpiredOrOddlyWritten_IsNobody(string why, string token)
    {
        var reader = Reader(("JWT_SECRET_KEY", Secret));

        Assert.True(await reader.FindOwnerAsync(token) is null, why);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"nbf\":1767605430,\"iat\":1767605400.25,\"admin\":true")]
    public async Task Hs256_Honest_IsItsSubject(string more)
    {
        var reader = Reader(("JWT_SECRET_KEY", Secret));

        var owner = await reader.FindOwnerAsync(Hs256(Claims(more: more)));

        Assert.Equal("ada", owner?.Owner.User?.ToString());
        Assert.Equal(owner!.Partition, (await reader.FindOwnerAsync(Hs256(Claims(expiresAt: Now + 5))))?.Partition);
        Assert.NotEqual(owner.Partition, (await reader.FindOwnerAsync(Hs256(Claims("bob"))))?.Partition);
    }

    [Fact]
    public async Task Hs256_ExpiresByTheBackendsClock_WithTheSkewOfClocks()
    {
        var reader = Reader(("JWT_SECRET_KEY", Secret));
        var token = Hs256(Claims(expiresAt: Now + 10));

        _time.Advance(TimeSpan.FromSeconds(10) + TokenReader.ClockSkew - TimeSpan.FromTicks(1));
        Assert.NotNull(await reader.FindOwnerAsync(token));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(await reader.FindOwnerAsync(token));
    }

    /// <summary>What issuers write for "never" is the last second there is: a skew added to it would run over (T9).</summary>
    [Theory]
    [InlineData(253_402_300_769)]
    [InlineData(253_402_300_770)]
    [InlineData(253_402_300_799)]
    public async Task Hs256_ExpiresInTheLastSecondOfTime_IsItsSubjectAndForgedNobody(long expiresAt)
    {
        var reader = Reader(("JWT_SECRET_KEY", Secret));

        Assert.Equal("ada", (await reader.FindOwnerAsync(Hs256(Claims(expiresAt: expiresAt))))?.Owner.User?.ToString());
        Assert.Null(await reader.FindOwnerAsync(Hs256(Claims(expiresAt: expiresAt), secret: Secret + "x")));
        Assert.Null(await reader.FindOwnerAsync(Hs256(Claims(more: $",\"nbf\":{expiresAt}"))));
        Assert.Null(await reader.FindOwnerAsync(Hs256(Claims(expiresAt: 253_402_300_800))));
    }

    [Fact]
    public async Task Hs256_EveryAlteredCharacter_IsNobody()
    {
        var reader = Reader(("JWT_SECRET_KEY", Secret));
        var token = Hs256(Claims());
        for (var position = 0; position < token.Length; position++)
        {
            var altered = token.ToCharArray();
            altered[position] = altered[position] == 'A' ? 'B' : 'A';
            Assert.True(await reader.FindOwnerAsync(new string(altered)) is null, $"position {position}");
        }
    }

    [Fact]
    public async Task Rs256_KeysOfTheFile_OnlyTheirsAndOnlyThatAlgorithm()
    {
        var reader = Reader(("JWT_JWKS_FILE", Write(Jwks(_key))));
        using var other = RSA.Create(2048);

        Assert.Equal("ada", (await reader.FindOwnerAsync(Rs256(_key, Claims())))?.Owner.User?.ToString());
        Assert.Equal("ada", (await reader.FindOwnerAsync(Rs256(_key, Claims(), """{"alg":"RS256"}""")))?.Owner.User?.ToString());
        Assert.Null(await reader.FindOwnerAsync(Rs256(other, Claims())));
        Assert.Null(await reader.FindOwnerAsync(Rs256(_key, Claims(), """{"alg":"RS256","kid":"k2"}""")));
        Assert.Null(await reader.FindOwnerAsync(Rs256(_key, Claims(), """{"alg":"PS256","kid":"k1"}""")));

        // The public key taken for a secret: what the confusion of algorithms lives on.
        foreach (var secret in new[] { _key.ExportSubjectPublicKeyInfoPem(), _key.ExportRSAPublicKeyPem(), Jwks(_key), Base64Url.EncodeToString(_key.ExportParameters(false).Modulus) })
        {
            Assert.Null(await reader.FindOwnerAsync(Hs256(Claims(), """{"alg":"HS256","kid":"k1"}""", secret)));
            Assert.Null(await reader.FindOwnerAsync(Hs256(Claims(), """{"alg":"RS256","kid":"k1"}""", secret)));
        }
    }

    [Theory]
    [InlineData("JWT_SECRET_KEY: HS256 needs a secret of at least 32 bytes", "JWT_SECRET_KEY=short", "JWT_ISSUER=i", "JWT_AUDIENCE=a")]
    [InlineData("JWT_ISSUER: not set", "JWT_SECRET_KEY=" + Secret, "JWT_AUDIENCE=a")]
    [InlineData("JWT_AUDIENCE: not set", "JWT_SECRET_KEY=" + Secret, "JWT_ISSUER=i")]
    [InlineData("JWT_AUDIENCE: set without", "JWT_AUDIENCE=a")]
    [InlineData("both set", "JWT_SECRET_KEY=" + Secret, "JWT_JWKS_FILE=x", "JWT_ISSUER=i", "JWT_AUDIENCE=a")]
    [InlineData("a JSON Web Key Set", "JWT_JWKS_FILE=@{\"keys\":[]}", "JWT_ISSUER=i", "JWT_AUDIENCE=a")]
    [InlineData("a JSON Web Key Set", "JWT_JWKS_FILE=@-----BEGIN PUBLIC KEY-----", "JWT_ISSUER=i", "JWT_AUDIENCE=a")]
    [InlineData("in base64url", "JWT_JWKS_FILE=@{\"keys\":[{\"kty\":\"RSA\",\"n\":\"+/==\",\"e\":\"AQAB\"}]}", "JWT_ISSUER=i", "JWT_AUDIENCE=a")]
    public void Bind_WhatIsMissingOrWrong_IsToldWithoutTheSecret(string expected, params string[] settings)
    {
        Bind(out var errors, [.. settings.Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1].StartsWith('@') ? Write(pair[1][1..]) : pair[1]))]);

        Assert.Contains(expected, Assert.Single(errors), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_ShortRsaKey_IsRefused()
    {
        using var small = RSA.Create(1024);

        Bind(out var errors, ("JWT_JWKS_FILE", Write(Jwks(small))), ("JWT_ISSUER", "i"), ("JWT_AUDIENCE", "a"));

        Assert.Contains("at least 2048 bits", Assert.Single(errors), StringComparison.Ordinal);
    }

    private static string Pad(string token, int part)
    {
        var parts = token.Split('.');
        parts[part] += new string('=', (4 - (parts[part].Length % 4)) % 4 is 0 ? 4 : (4 - (parts[part].Length % 4)) % 4);
        return string.Join('.', parts);
    }

    private string Write(string text)
    {
        var path = _folder.Combine($"jwks-{text.Length}.json");
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    private TokenReader Reader(params (string Name, string Value)[] settings)
    {
        var bound = Bind(out var errors, [.. settings, ("JWT_ISSUER", Issuer), ("JWT_AUDIENCE", Audience)]);
        Assert.Empty(errors);
        return new TokenReader(bound!, _time);
    }

    private TokenSettings? Bind(out IReadOnlyList<string> errors, params (string Name, string Value)[] settings)
    {
        var environment = settings.ToDictionary(setting => setting.Name, setting => setting.Value);
        environment["HOME"] = _folder.Path;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), environment));
        var bound = TokenSettings.Bind(reader, BackendMode.Cloud);
        errors = reader.Errors;
        return bound;
    }
}
