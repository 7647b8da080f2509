using System.Security.Cryptography;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Identity;

public sealed class IdentityTests : IDisposable
{
    /// <summary>wire.md §15.</summary>
    private const string PublicKey =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAowiepcGgFszM7AKKgpWFrHRwCtzx1Ka3oFoLzck6br8FGGI70MyX8I/SSYVgAha+NOtqO7B9WNF7dvscnSoh3nKw6rHngsjMXsXLW/5BfYTGtQNkSs3oGtz+M/XpzgBdNEjXwVtL1oYUI6M7cKeqY+e0r05o6ASnKQtIMmMexlKVTtlZj6+QxsnVlZYDGKsGK2CBKkTVc9VR1Kc95cGdzvgY+UgMWJ9gWEmJHxhbvHfCZZql1BVeicVSXFS0S0slgrXIe6YmawR7iWT7pVhdYL89M8flKGkBacaonQf72OeKNEMJdF6NF8w3gemD8CwqSpOBBOymlYulZOjjkHJyLwIDAQAB";

    private readonly TemporaryFolder _folder = new();

    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void IdOf_VectorKey_IsTheVectorId() =>
        Assert.Equal("local_sha256_eed292c6e467c8ef", BackendIdentity.IdOf(Convert.FromBase64String(PublicKey), BackendMode.Local));

    [Fact]
    public async Task Load_FirstStart_MakesAPrivateKeyForItsOwnerOnly_T33()
    {
        var root = _folder.Combine("state");

        var first = (await LoadAsync(root)).Current;
        var second = (await LoadAsync(root)).Current;

        Assert.Equal((first.Id, first.CreatedAt), (second.Id, second.CreatedAt));
        var path = Path.Combine(root, "identity.pem");
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(path));
        Assert.Equal((2048, first.Id), (key.KeySize, BackendIdentity.IdOf(key.ExportSubjectPublicKeyInfo(), BackendMode.Local)));
        Assert.Contains("BEGIN PRIVATE KEY", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal([path, path + ".lock"], Directory.GetFiles(root).Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(root));
        }
    }

    [Fact]
    public async Task Load_BrokenFile_IsRefusedAndKept()
    {
        File.WriteAllText(_folder.Combine("identity.pem"), "no key");

        var refused = Assert.IsType<IdentityOutcome.Refused>(await Store(_folder.Path).LoadAsync(CancellationToken.None));

        Assert.Contains("identity.pem", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("no key", File.ReadAllText(_folder.Combine("identity.pem")));
    }

    /// <summary>T33: a file of an earlier version, which says nothing about the key's age.</summary>
    [Fact]
    public async Task Load_PlainPem_IsThatKeyWithTheFilesTime()
    {
        var pem = BackendIdentity.NewPem();
        File.WriteAllText(_folder.Combine("identity.pem"), pem);
        File.SetLastWriteTimeUtc(_folder.Combine("identity.pem"), new DateTime(2025, 3, 1, 0, 0, 0, DateTimeKind.Utc));

        var keys = await LoadAsync(_folder.Path);

        Assert.Equal(BackendIdentity.FromPem(pem, BackendMode.Local).Id, keys.Current.Id);
        Assert.Equal(new DateTimeOffset(2025, 3, 1, 0, 0, 0, TimeSpan.Zero), keys.Current.CreatedAt);
        Assert.Equal(pem, File.ReadAllText(_folder.Combine("identity.pem")));
    }

    /// <summary>T33: of many processes that start at once, one makes the key and all have it.</summary>
    [Fact]
    public async Task Load_ManyAtOnce_AgreeOnOneKey()
    {
        var loaded = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => LoadAsync(_folder.Path))));

        Assert.Single(loaded.Select(keys => keys.Current.Id).Distinct());
    }

    [Fact]
    public async Task Rotate_KeepsTheOldKeyForSevenDays()
    {
        var before = (await LoadAsync(_folder.Path)).Current;
        _time.Advance(TimeSpan.FromDays(1));
        var rotated = Assert.IsType<IdentityOutcome.Loaded>(await Store(_folder.Path).RotateAsync(CancellationToken.None)).Keys;
        var again = await LoadAsync(_folder.Path);

        Assert.NotEqual(before.Id, rotated.Current.Id);
        Assert.Equal((rotated.Current.Id, before.Id, _time.GetUtcNow()), (again.Current.Id, again.Previous!.Id, again.RetiredAt));
        Assert.Equal(_time.GetUtcNow(), again.Current.CreatedAt);
        Assert.Same(again.Previous, again.Find(before.Id, _time.GetUtcNow() + TimeSpan.FromDays(7) - TimeSpan.FromMilliseconds(1)));
        Assert.Null(again.Find(before.Id, _time.GetUtcNow() + TimeSpan.FromDays(7)));
        Assert.Same(again.Current, again.Find(again.Current.Id, _time.GetUtcNow() + TimeSpan.FromDays(7)));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Combine("identity.pem")));
    }

    [Fact]
    public async Task Rotate_KeyOfASetting_IsRefusedWithWhatToDo()
    {
        var store = new IdentityStore(new IdentitySetting(BackendIdentity.NewPem()), BackendMode.Cloud, _time);

        Assert.Contains("BACKEND_PRIVATE_KEY", Assert.IsType<IdentityOutcome.Refused>(await store.RotateAsync(CancellationToken.None)).Reason, StringComparison.Ordinal);
    }

    /// <summary>Who has no home (a service of its own user) hears what to set.</summary>
    [Fact]
    public async Task Load_FolderThatCannotBeMade_NamesTheSettingOfTheFolder()
    {
        await File.WriteAllTextAsync(_folder.Combine("file"), "");

        var refused = Assert.IsType<IdentityOutcome.Refused>(await Store(_folder.Combine("file", ".8825")).LoadAsync(CancellationToken.None));

        Assert.Contains("; MAESTRA_STATE_ROOT names another folder for it", refused.Reason, StringComparison.Ordinal);
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

    private IdentityStore Store(string root) => new(new IdentityFile(root), BackendMode.Local, _time);

    private async Task<IdentityKeys> LoadAsync(string root) =>
        Assert.IsType<IdentityOutcome.Loaded>(await Store(root).LoadAsync(CancellationToken.None)).Keys;
}
