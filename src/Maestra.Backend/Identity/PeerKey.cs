using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>The public key of a backend: RSA-2048 with e = 65537, and no other (wire.md §9.1). Immutable and thread-safe.</summary>
internal sealed class PeerKey
{
    /// <summary>A key in PEM has about 450 characters.</summary>
    public const int MaxPemCharacters = 4096;

    private const string Label = "PUBLIC KEY";
    private static readonly byte[] Exponent = [1, 0, 1];

    /// <summary>Reading a key costs more than using it, and a record that is kept in memory is asked for at every tick: a key lives as long as its text.</summary>
    private static readonly ConditionalWeakTable<string, PeerKey> Read = [];

    private readonly Lock _gate = new();
    private RSA? _rsa;

    private PeerKey(byte[] der) => Der = der;

    /// <summary>DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).</summary>
    public byte[] Der { get; }

    public string Base64 => Convert.ToBase64String(Der);

    public string Pem => PemEncoding.WriteString(Label, Der) + "\n";

    /// <summary>SHA-256 of the DER in lower-case hexadecimal digits.</summary>
    public string DigestHex => Convert.ToHexStringLower(SHA256.HashData(Der));

    /// <summary>The digest for people to compare, in groups of four digits.</summary>
    public string Fingerprint => string.Join(':', DigestHex.Chunk(4).Select(static group => new string(group)));

    /// <summary>Reads one key.</summary>
    /// <returns>False for anything but the one encoding of a fitting key: another spelling would be another id for the same key.</returns>
    public static bool TryParseDer(ReadOnlySpan<byte> der, [NotNullWhen(true)] out PeerKey? key)
    {
        key = null;
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(der, out var read);
            if (read != der.Length || rsa.KeySize != BackendIdentity.KeyBits || !rsa.ExportParameters(false).Exponent.AsSpan().SequenceEqual(Exponent))
                return false;
            var canonical = rsa.ExportSubjectPublicKeyInfo();
            if (!der.SequenceEqual(canonical))
                return false;
            key = new PeerKey(canonical);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static bool TryParseBase64(string? text, [NotNullWhen(true)] out PeerKey? key)
    {
        key = null;
        if (text is null)
            return false;
        if (Read.TryGetValue(text, out key))
            return true;
        if (!StrictBase64.TryDecode(text, out var der) || !TryParseDer(der, out key))
            return false;
        Read.AddOrUpdate(text, key);
        return true;
    }

    public static bool TryParsePem(string? text, [NotNullWhen(true)] out PeerKey? key)
    {
        key = null;
        if (text is null or { Length: > MaxPemCharacters } || !PemEncoding.TryFind(text, out var fields) || text[fields.Label] != Label)
            return false;
        var der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(text.AsSpan(fields.Base64Data), der, out var written) && TryParseDer(der.AsSpan(0, written), out key);
    }

    /// <summary>Whether the id is this key's, as a local or as a hosted backend.</summary>
    public bool HasId(string backendId) =>
        backendId == BackendIdentity.IdOf(Der, BackendMode.Local) || backendId == BackendIdentity.IdOf(Der, BackendMode.Cloud);

    /// <summary>RSASSA-PSS, SHA-256, MGF1-SHA-256, salt of 32 bytes (RFC 8017 §8.1.2).</summary>
    /// <param name="signature">Base64url without padding.</param>
    public bool Verify(ReadOnlySpan<byte> text, string signature)
    {
        if (!StrictBase64.TryDecodeUrl(signature, out var bytes) || bytes.Length != BackendIdentity.KeyBits / 8)
            return false;

        // The framework promises no concurrent use of one key.
        lock (_gate)
        {
            _rsa ??= Import();
            return _rsa.VerifyData(text, bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        }
    }

    private RSA Import()
    {
        var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(Der, out _);
        return rsa;
    }
}
