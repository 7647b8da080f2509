using System.Security.Cryptography;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>Who this backend is: an RSA-2048 key, and the id that follows from it (wire.md §1.1, §9.1).</summary>
/// <param name="Id"><c>local_sha256_</c> or <c>hosted_sha256_</c> and 16 hexadecimal digits.</param>
/// <param name="Pseudonyms">Derived from the private key, for names in logs.</param>
internal sealed record BackendIdentity(string Id, Pseudonyms Pseudonyms)
{
    public const int KeyBits = 2048;
    private const int IdHexDigits = 16;

    /// <summary>What the id of every local backend begins with; tells which kind of backend made a stored reply.</summary>
    public const string LocalPrefix = "local_sha256_";

    private const string HostedPrefix = "hosted_sha256_";

    public static BackendIdentity FromPem(string pem, BackendMode mode)
    {
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        return new BackendIdentity(IdOf(key.ExportSubjectPublicKeyInfo(), mode), Pseudonyms.FromPrivateKey(key.ExportPkcs8PrivateKey()));
    }

    /// <param name="publicKey">DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).</param>
    public static string IdOf(ReadOnlySpan<byte> publicKey, BackendMode mode)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(publicKey));
        return string.Concat(mode == BackendMode.Local ? LocalPrefix : HostedPrefix, digest.AsSpan(0, IdHexDigits));
    }

    /// <summary>Whether a text has the form of a backend's id.</summary>
    public static bool IsId(string text)
    {
        var prefix = text.StartsWith(LocalPrefix, StringComparison.Ordinal) ? LocalPrefix : HostedPrefix;
        return text.StartsWith(prefix, StringComparison.Ordinal) && text.Length == prefix.Length + IdHexDigits
            && HexText.Is(text.AsSpan(prefix.Length));
    }

    public static bool IsUsable(string pem)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem);

            // A public key imports as well; only a private one exports so.
            return key.KeySize == KeyBits && key.ExportPkcs8PrivateKey().Length > 0;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>A new key as PKCS#8 PEM.</summary>
    public static string NewPem()
    {
        using var key = RSA.Create(KeyBits);
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
