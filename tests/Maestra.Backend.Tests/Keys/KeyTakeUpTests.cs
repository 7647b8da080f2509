using System.Net;
using ConversationHub.Testing;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Keys;

/// <summary>A running backend follows its keys file.</summary>
public sealed class KeyTakeUpTests : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Combine("keys");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task NewAndRevokedKeys_CountWithinTwoLooks()
    {
        await using var backend = await StartAsync("ada:" + Hex("adas-first-key-01"));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(backend, "adas-second-key-1"));

        await WriteAsync(backend, "ada:" + Hex("adas-second-key-1"));

        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, "adas-second-key-1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(backend, "adas-first-key-01"));
        // What the environment gives stays.
        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, TestBackend.Key));
    }

    [Fact]
    public async Task LineWithAMistake_IsLeftOutAndTold_TheRestCounts()
    {
        await using var backend = await StartAsync("ada:" + Hex("adas-first-key-01"));

        await WriteAsync(backend, $"ada:oops\nbob:{Hex("bobs-first-key-01")}\n");

        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, "bobs-first-key-01"));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(backend, "adas-first-key-01"));
        Assert.Contains("line 1: expected user:sha256", backend.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EmptiedFile_WithdrawsAll_AndAFileThatIsGoneWithdrawsNothing()
    {
        await using var backend = await StartAsync("ada:" + Hex("adas-first-key-01"));

        System.IO.File.Delete(File);
        backend.Time.Advance(3 * Look);
        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, "adas-first-key-01"));
        Assert.Contains("cannot be read, and the keys of before count on", backend.Log, StringComparison.Ordinal);

        await WriteAsync(backend, "# nobody\n");
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(backend, "adas-first-key-01"));
    }

    /// <summary>Secrets that are mounted are replaced by moving a link: a withdrawn key must not go on counting.</summary>
    [Fact]
    public async Task LinkThatIsMovedToAnotherFile_IsFollowed()
    {
        await System.IO.File.WriteAllTextAsync(_folder.Combine("k1"), "ada:" + Hex("adas-first-key-01"));
        await System.IO.File.WriteAllTextAsync(_folder.Combine("k2"), "ada:" + Hex("adas-second-key-1"));
        System.IO.File.CreateSymbolicLink(File, _folder.Combine("k1"));
        await using var backend = await TestBackend.StartCloudAsync((SettingNames.ApiKeysFile, File));
        backend.Time.Advance(2 * Look);
        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, "adas-first-key-01"));

        System.IO.File.Delete(File);
        System.IO.File.CreateSymbolicLink(File, _folder.Combine("k2"));
        backend.Time.Advance(Look);
        backend.Time.Advance(Look);

        Assert.Equal(HttpStatusCode.OK, await TryAsync(backend, "adas-second-key-1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(backend, "adas-first-key-01"));
    }

    private static string Hex(string key) => Convert.ToHexStringLower(KeyRing.Digest(key));

    private static async Task<HttpStatusCode> TryAsync(TestBackend backend, string key) => (await backend.GetAsync("/conversations", key)).Status;

    private async Task<TestBackend> StartAsync(string text)
    {
        await System.IO.File.WriteAllTextAsync(File, text);
        var backend = await TestBackend.StartCloudAsync((SettingNames.ApiKeysFile, File));
        backend.Time.Advance(2 * Look);
        return backend;
    }

    private async Task WriteAsync(TestBackend backend, string text)
    {
        await new KeyFile(File).ChangeAsync(_ => text, TimeProvider.System, CancellationToken.None);
        backend.Time.Advance(Look);
        backend.Time.Advance(Look);
    }
}
