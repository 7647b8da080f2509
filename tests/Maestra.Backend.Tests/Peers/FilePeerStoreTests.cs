using ConversationHub.Store;
using Maestra.Backend.Peers;
using Microsoft.Extensions.Logging;

namespace Maestra.Backend.Tests.Peers;

/// <summary><see cref="PeerStoreContract"/> on <c>peers.json</c>; two stores stand for the backend and a command beside it.</summary>
public sealed class FilePeerStoreTests : PeerStoreContract
{
    private string PeersFile => Folder.Combine(FilePeerStore.FileName);

    private protected override IPeerStore OpenStore() => new FilePeerStore(Folder.Path, Time, Log.CreateLogger<FilePeerStore>());

    private protected override async Task DamageAsync(string backendId)
    {
        var text = await File.ReadAllTextAsync(PeersFile);
        var entry = text.IndexOf($"\"backend_id\": \"{backendId}\"", StringComparison.Ordinal);
        var key = text.IndexOf("\"MII", entry, StringComparison.Ordinal);
        await File.WriteAllTextAsync(PeersFile, text.Remove(key + 1, 1));
    }

    private protected override Task FillAsync(string peer, DateTimeOffset until) => File.WriteAllLinesAsync(
        Folder.Combine(FilePeerStore.NoncesName), Enumerable.Range(0, NonceLimits.PerPeer).Select(n => $"{until.ToUnixTimeMilliseconds()} {peer} {n:x32}"));

    /// <summary>A file that is none of ours is a failure with a cause in the log, and stays as it is.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"peers": []}""")]
    [InlineData("""{"peers": null, "invites": [], "sbts": []}""")]
    [InlineData("""{"peers": [null], "invites": [], "sbts": []}""")]
    [InlineData("""{"peers": [{"backend_id": "x"}], "invites": [], "sbts": []}""")]
    [InlineData("""{"peers": [], "invites": [{"secret": null, "user_id": "ada", "expires_at": "2026-01-05T09:30:00Z"}], "sbts": []}""")]
    [InlineData("""{"peers": [], "invites": [], "sbts": [], "acts": [null]}""")]
    [InlineData("""{"format": 2, "peers": [], "invites": [], "sbts": []}""")]
    public async Task DamagedFile_IsAFailureAndStaysAsItIs(string text)
    {
        await File.WriteAllTextAsync(PeersFile, text);
        var store = Open();

        var (state, unread) = await store.ReadAsync(CancellationToken.None);
        var (result, unwritten) = await store.ChangeAsync<object>(_ => (PeerRules.Empty, this), CancellationToken.None);

        Assert.Equal((null, null), (state, result));
        Assert.Equal((StoreFailureKind.Unavailable, StoreFailureKind.Unavailable), (unread!.Kind, unwritten!.Kind));
        Assert.Contains(Log.Records.Snapshot(), record => record.Level == LogLevel.Error);
        Assert.Equal(text, await File.ReadAllTextAsync(PeersFile));
    }

    /// <summary>A file of the version before acts were kept.</summary>
    [Fact]
    public async Task EarlierFile_WithoutActs_IsReadAndWritten()
    {
        await File.WriteAllTextAsync(PeersFile, """{"format": 1, "peers": [], "invites": [], "sbts": []}""");
        var store = Open();

        await InviteAsync(store);

        Assert.Single((await ReadAsync(store)).Invites);
    }

    /// <summary>A crash in the middle of a line of nonces costs that one line.</summary>
    [Fact]
    public async Task TornNonceLine_LosesNoOther()
    {
        var store = Open();
        await store.TakeNonceAsync("p", "one", CancellationToken.None);
        await File.AppendAllTextAsync(Folder.Combine(FilePeerStore.NoncesName), $"{Time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds()} p tw");
        await Open().TakeNonceAsync("p", "three", CancellationToken.None);

        var after = Open();

        Assert.IsType<NonceVerdict.Replayed>((await after.FindNonceAsync("p", "one", CancellationToken.None)).Verdict);
        Assert.IsType<NonceVerdict.Replayed>((await after.FindNonceAsync("p", "three", CancellationToken.None)).Verdict);
        Assert.IsType<NonceVerdict.Fresh>((await after.FindNonceAsync("p", "two", CancellationToken.None)).Verdict);
    }
}
