using ConversationHub.Testing;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Signing;

namespace Maestra.Backend.Tests.Settings;

/// <summary>wire.md §13: <c>MAESTRA_PEERS</c>.</summary>
public sealed class PeersBinderTests : IDisposable
{
    private static readonly BackendKey Local = TestPeer.NewKey();
    private static readonly string HostedId = BackendIdentity.IdOf(Local.Public.Der, BackendMode.Cloud);
    private static readonly string Key = Local.Public.Base64;

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Bind_WithoutTheSetting_IsNobody() => Assert.Empty(Bind(null, out _));

    [Fact]
    public void Bind_Entries_AreThePeersTheyName()
    {
        var peers = Bind($" {Local.Id} , {Key} , ada ;; {HostedId},{Key},*,https://maestra.example.com/base", out var errors);

        Assert.Empty(errors);
        Assert.Equal(
            [(Local.Id, "ada", null), (HostedId, "*", "https://maestra.example.com/base")],
            peers.Select(static peer => (peer.BackendId, peer.Scope.ToString(), peer.Url?.OriginalString)));
        Assert.All(peers, static peer => Assert.Equal((Key, PeerState.Active, true), (peer.Key.Base64, peer.State, peer.IsConfigured)));
    }

    [Fact]
    public void Bind_File_HasOneALineAndComments()
    {
        File.WriteAllText(_home.Combine("peers"), $"# who may\n\n{Local.Id},{Key},ada,http://127.0.0.1:8830\r\n");

        var peer = Assert.Single(Bind("@" + _home.Combine("peers"), out var errors));

        Assert.Empty(errors);
        Assert.Equal((Local.Id, "http://127.0.0.1:8830"), (peer.BackendId, peer.Url?.OriginalString));
    }

    /// <summary>In an entry <c>$K</c> stands for the key, <c>$I</c> for its id and <c>$H</c> for its id as a hosted backend.</summary>
    [Theory]
    [InlineData("$I", "entry 1: expected backend id,base64 key (DER),user or *[,url]")]
    [InlineData("$I,$K", "entry 1: expected backend id,base64 key (DER),user or *[,url]")]
    [InlineData("$I,key,ada", "entry 1: the key is not the base64 of an RSA-2048 public key")]
    [InlineData("local_sha256_0000000000000000,$K,ada", "entry 1: the id is not that of the key; expected $I or $H")]
    [InlineData("$I,$K,", "entry 1: the user is not 1 to 128 characters")]
    [InlineData("$I,$K,ada,http://maestra.example.com", "entry 1: the URL is wrong; expected https://host")]
    [InlineData("$I,$K,ada,https://user@maestra.example.com", "entry 1: the URL is wrong")]
    [InlineData("$I,$K,ada,https://maestra.example.com?x=1", "entry 1: the URL is wrong")]
    [InlineData("$I,$K,ada;$I,$K,bob", "entry 2: $I is listed twice")]
    [InlineData("@/no/such/file", "is not a file")]
    public void Bind_Mistake_SaysWhereAndWhatWouldBeRight(string text, string expected)
    {
        Bind(Fill(text), out var errors);

        var error = Assert.Single(errors);
        Assert.StartsWith(SettingNames.Peers, error, StringComparison.Ordinal);
        Assert.Contains(Fill(expected), error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_SeveralMistakes_AreToldAtOnce()
    {
        var peers = Bind(Fill("$I,key,ada;$I,$K,ada;$H,$K,ada,ftp://x"), out var errors);

        Assert.Equal(Local.Id, Assert.Single(peers).BackendId);
        Assert.Equal(["entry 1", "entry 3"], errors.Select(static error => error.Split(", ")[1].Split(':')[0]));
    }

    /// <summary>In a file the line is told, comments and empty ones counted.</summary>
    [Fact]
    public void Bind_MistakeInAFile_TellsTheLine()
    {
        File.WriteAllText(_home.Combine("peers"), "# who may\n\nnobody\n");

        Bind("@" + _home.Combine("peers"), out var errors);

        Assert.Contains("line 3:", Assert.Single(errors), StringComparison.Ordinal);
    }

    private static string Fill(string text) =>
        text.Replace("$I", Local.Id, StringComparison.Ordinal).Replace("$H", HostedId, StringComparison.Ordinal).Replace("$K", Key, StringComparison.Ordinal);

    private IReadOnlyList<Peer> Bind(string? value, out IReadOnlyList<string> errors)
    {
        var variables = new Dictionary<string, string> { ["HOME"] = _home.Path };
        if (value is not null)
            variables[SettingNames.Peers] = value;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), variables));
        var peers = PeersBinder.Bind(reader);
        errors = reader.Errors;
        return peers;
    }
}
