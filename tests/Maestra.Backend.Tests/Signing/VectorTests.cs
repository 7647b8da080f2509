using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Pairing;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Tests.Signing;

/// <summary>T46, for signatures: the vectors of wire.md §15, which two independent implementations made.</summary>
public sealed class VectorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public void RequestSignature_Holds_T46()
    {
        Assert.Equal(
            "8504a88517d0b77bc2c674eb1081f163c16115bd083a61f31617349cd1a3b3d3",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Vectors.Body))));
        Assert.True(Vectors.Key.Verify(Request(), Vectors.RequestSignature));
    }

    /// <summary>T71: each part that is signed, changed alone.</summary>
    [Theory]
    [InlineData("method", "GET")]
    [InlineData("target", "/sync?")]
    [InlineData("addressee", "hosted_sha256_584782401a33660b")]
    [InlineData("signer", "hosted_sha256_eed292c6e467c8ef")]
    [InlineData("timestamp", "1767605400124")]
    [InlineData("nonce", "000102030405060708090a0b0c0d0e10")]
    [InlineData("body", """{"ping": false}""")]
    public void RequestSignature_AnyPartChanged_DoesNotFit_T71(string part, string value) =>
        Assert.False(Vectors.Key.Verify(Request(part, value), Vectors.RequestSignature));

    [Theory]
    [InlineData(0, 'B')]
    [InlineData(341, 'A')]
    public void Signature_OneCharacterChanged_DoesNotFit(int position, char character)
    {
        var changed = Vectors.RequestSignature.ToCharArray();
        changed[position] = changed[position] == character ? 'C' : character;

        Assert.False(Vectors.Key.Verify(Request(), new string(changed)));
        Assert.False(Vectors.Key.Verify(Request(), Vectors.RequestSignature + "="));
        Assert.False(Vectors.Key.Verify(Request(), Vectors.RequestSignature[..^1]));
    }

    [Fact]
    public void Sbt_BothForms_AreAccepted_T46()
    {
        var compact = Read(JsonSerializer.SerializeToElement(Vectors.Sbt, MaestraJson.Compact.String));
        var form = Read(JsonSerializer.SerializeToElement(Object(compact.Claims), MaestraJson.Compact.SbtObject));

        foreach (var sbt in new[] { compact, form })
        {
            Assert.Equal(
                new SbtClaims(Vectors.SbtId, "ada", "sess_001", Vectors.LocalId, Vectors.HostedId, "2026-01-05T09:30:00.000000Z", "2026-01-05T17:30:00.000000Z"),
                sbt.Claims);
            Assert.Null(SbtRules.Check(sbt, Vectors.LocalId, Vectors.Key, Vectors.HostedId, Now));
        }
    }

    [Fact]
    public void PairingProof_IsTheVector_T46()
    {
        Assert.True(PairingCode.TryParse(Vectors.Code, out var code));
        Assert.Equal(Vectors.PairingProof, PairingCode.Proof(code.Secret, code.InviterId, Vectors.LocalId, Vectors.SbtId, Vectors.Key));
    }

    /// <summary>T36: the earlier form, with the signature that its scheme really gave for a known secret.</summary>
    [Theory]
    [InlineData("R/gaW0PNMZEBzwL6F0Okr2FO3Pmn+2TtVmPCxujJn0s=", "ada@example.com")]
    [InlineData("ahhcEJPd+Nb7GzgzSggdCf5DmNKjxkcYJMB/NbxCo7M=", "adé")]
    public void Sbt_LegacyVector_IsRecognised_T36(string signature, string user)
    {
        // Nothing but this test computes it.
        var claims = new SbtClaims(
            "sbt_0123456789abcdef", user, "sess_001", "local_sha256_0011223344556677", "hosted_sha256_8899aabbccddeeff",
            "2025-12-31T00:00:00", "2025-12-31T08:00:00.123456");
        var secret = "TEST-SECRET-ascii-string-longer-than-sixty-four-characters-so-truncation-is-visible!!"[..64];
        Assert.Equal(signature, Convert.ToBase64String(HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret), claims.Payload())));

        var form = Object(claims) with { Signature = signature };
        var token = "eyJ0eXAiOiAiU0JUIiwgImFsZyI6ICJIUzI1NiJ9." + System.Buffers.Text.Base64Url.EncodeToString(claims.Payload()) + ".AAAA";

        Assert.IsType<SbtReading.Legacy>(SbtReader.Read(JsonSerializer.SerializeToElement(form, MaestraJson.Compact.SbtObject)));
        Assert.IsType<SbtReading.Legacy>(SbtReader.Read(JsonSerializer.SerializeToElement(token, MaestraJson.Compact.String)));
    }

    private static SbtObject Object(SbtClaims claims) => new()
    {
        SbtId = claims.SbtId,
        UserId = claims.UserId,
        SessionId = claims.SessionId,
        LocalBackendId = claims.Issuer,
        HostedBackendId = claims.Addressee,
        CreatedAt = claims.CreatedAt,
        ExpiresAt = claims.ExpiresAt,
        Signature = Vectors.Sbt.Split('.')[2],
    };

    private static Sbt Read(JsonElement sbt) => Assert.IsType<SbtReading.Read>(SbtReader.Read(sbt)).Token;

    private static byte[] Request(string? part = null, string value = "")
    {
        string Of(string name, string usual) => name == part ? value : usual;
        return SigningText.Request(
            Of("method", "POST"), Of("target", "/sync"), Of("addressee", Vectors.HostedId), Of("signer", Vectors.LocalId),
            Of("timestamp", Vectors.Timestamp), Of("nonce", Vectors.Nonce), Encoding.UTF8.GetBytes(Of("body", Vectors.Body)));
    }
}
