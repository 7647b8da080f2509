using System.Security.Cryptography;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Identity;

public sealed class IdentityTests : IDisposable
{
    /// <summary>wire.md §15.</summary>
    private const string PublicKey =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAowiepcGgFszM7AKKgpWFrHRwCtzx1Ka3oFoLzck6br8FGGI70MyX8I/SSYVgAha+NOtqO7B9WNF7dvscnSoh3nKw6rHngsjMXsXLW/5BfYTGtQNkSs3oGtz+M/XpzgBdNEjXwVtL1oYUI6M7cKeqY+e0r05o6ASnKQtIMmMexlKVTtlZj6+QxsnVlZYDGKsGK2CBKkTVc9VR1Kc95cGdzvgY+UgMWJ9gWEmJHxhbvHfCZZql1BVeicVSXFS0S0slgrXIe6YmawR7iWT7pVhdYL89M8flKGkBacaonQf72OeKNEMJdF6NF8w3gemD8CwqSpOBBOymlYulZOjjkHJyLwIDAQAB";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void IdOf_VectorKey_IsTheVectorId() =>
        Assert.Equal("local_sha256_eed292c6e467c8ef", BackendIdentity.IdOf(Convert.FromBase64String(PublicKey), BackendMode.Local));

    [Fact]
    public void Load_FirstStart_MakesAPrivateKeyForItsOwnerOnly()
    {
        var root = _folder.Combine("state");

        var first = Assert.IsType<IdentityOutcome.Loaded>(IdentityFile.Load(root, BackendMode.Local)).Identity;
        var second = Assert.IsType<IdentityOutcome.Loaded>(IdentityFile.Load(root, BackendMode.Local)).Identity;

        Assert.Equal(first.Id, second.Id);
        var path = Path.Combine(root, "identity.pem");
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(path));
        Assert.Equal((2048, first.Id), (key.KeySize, BackendIdentity.IdOf(key.ExportSubjectPublicKeyInfo(), BackendMode.Local)));
        Assert.Contains("BEGIN PRIVATE KEY", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(root));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(root));
        }
    }

    [Fact]
    public void Load_BrokenFile_IsRefusedAndKept()
    {
        File.WriteAllText(_folder.Combine("identity.pem"), "no key");

        var refused = Assert.IsType<IdentityOutcome.Refused>(IdentityFile.Load(_folder.Path, BackendMode.Local));

        Assert.Contains("identity.pem", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("no key", File.ReadAllText(_folder.Combine("identity.pem")));
    }

    [Fact]
    public void IsUsable_PublicOrSmallKey_IsNot()
    {
        using var small = RSA.Create(1024);
        using var large = RSA.Create(2048);

        Assert.False(BackendIdentity.IsUsable(small.ExportPkcs8PrivateKeyPem()));
        Assert.False(BackendIdentity.IsUsable(large.ExportSubjectPublicKeyInfoPem()));
        Assert.True(BackendIdentity.IsUsable(large.ExportPkcs8PrivateKeyPem()));
    }

    [Fact]
    public void Pseudonym_SameUser_IsStableAndSaysNothing()
    {
        var one = Pseudonyms.FromPrivateKey([1, 2, 3]);
        var other = Pseudonyms.FromPrivateKey([1, 2, 4]);

        Assert.Matches("^u_[0-9a-f]{16}$", one.Of(UserId.Parse("ada")));
        Assert.Equal(one.Of(UserId.Parse("ada")), one.Of(UserId.Parse("ada")));
        Assert.NotEqual(one.Of(UserId.Parse("ada")), one.Of(UserId.Parse("bob")));
        Assert.NotEqual(one.Of(UserId.Parse("ada")), other.Of(UserId.Parse("ada")));
    }
}
