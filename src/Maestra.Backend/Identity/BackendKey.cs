using System.Buffers.Text;
using System.Security.Cryptography;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>A private key of this backend and the id that follows from it. Thread-safe; lives as long as the process.</summary>
internal sealed class BackendKey
{
    private readonly Lock _gate = new();
    private readonly RSA _rsa;

    private BackendKey(RSA rsa, BackendMode mode, DateTimeOffset createdAt)
    {
        _rsa = rsa;
        CreatedAt = createdAt;
        var der = rsa.ExportSubjectPublicKeyInfo();
        Public = PeerKey.TryParseDer(der, out var key) ? key : throw new CryptographicException("The key is not RSA-2048 with e = 65537.");
        Id = BackendIdentity.IdOf(der, mode);
        Identity = new BackendIdentity(Id, Pseudonyms.FromPrivateKey(rsa.ExportPkcs8PrivateKey()));
    }

    public string Id { get; }

    public PeerKey Public { get; }

    public DateTimeOffset CreatedAt { get; }

    public BackendIdentity Identity { get; }

    /// <exception cref="CryptographicException">Not a key of the one kind; <see cref="BackendIdentity.IsUsable"/> tells before.</exception>
    public static BackendKey FromPem(string pem, BackendMode mode, DateTimeOffset createdAt)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return new BackendKey(rsa, mode, createdAt);
    }

    /// <summary>RSASSA-PSS, SHA-256, salt of 32 bytes, as base64url without padding.</summary>
    public string Sign(ReadOnlySpan<byte> text)
    {
        // The framework promises no concurrent use of one key.
        lock (_gate)
            return Base64Url.EncodeToString(_rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss));
    }
}
