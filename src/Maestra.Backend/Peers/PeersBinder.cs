using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Peers;

/// <summary>Reads <c>MAESTRA_PEERS</c>: entries <c>backend id,base64 key (DER),user or *[,url]</c> split by <c>;</c>, or <c>@path</c> of a file with one a line.</summary>
internal static class PeersBinder
{
    private const string Expected = "backend id,base64 key (DER),user or *[,url]";

    public static IReadOnlyList<Peer> Bind(SettingReader reader)
    {
        if (reader.Find(SettingNames.Peers) is not { } value)
            return [];
        var isFile = value.Text.StartsWith('@');
        var text = isFile ? reader.FileText(value with { Text = value.Text[1..] }) : value.Text;
        if (text is null)
            return [];
        var peers = new List<Peer>();
        var number = 0;
        foreach (var raw in text.Split(isFile ? '\n' : ';'))
        {
            number++;
            var entry = raw.Trim();
            if (entry.Length == 0 || entry[0] == '#')
                continue;
            if (Read(entry, out var problem) is not { } peer)
                reader.Refuse($"{SettingNames.Peers}, {(isFile ? "line" : "entry")} {number}: {problem}");
            else if (peers.Exists(other => other.BackendId == peer.BackendId))
                reader.Refuse($"{SettingNames.Peers}, {(isFile ? "line" : "entry")} {number}: {peer.BackendId} is listed twice");
            else
                peers.Add(peer);
        }

        if (peers.Count > PeerRules.MaxPeers)
            reader.Refuse($"{SettingNames.Peers}: {peers.Count} peers, and at most {PeerRules.MaxPeers} are possible");
        return peers;
    }

    private static Peer? Read(string entry, out string? problem)
    {
        const int PartsWithUrl = 4;
        var parts = entry.Split(',', PartsWithUrl, StringSplitOptions.TrimEntries);
        Uri? url = null;
        PeerKey? key = null;
        PeerScope scope = default;
        problem = parts.Length < PartsWithUrl - 1 ? $"expected {Expected}"
            : !PeerKey.TryParseBase64(parts[1], out key) ? "the key is not the base64 of an RSA-2048 public key in DER (identity show prints it)"
            : !key.HasId(parts[0]) ? $"the id is not that of the key; expected local_sha256_{key.DigestHex[..16]} or hosted_sha256_{key.DigestHex[..16]}"
            : !PeerScope.TryParse(parts[2], out scope) ? $"the user is not 1 to {UserId.MaxLength} characters without control characters, and not {PeerScope.Everybody}"
            : parts.Length == PartsWithUrl && !PeerUrl.TryParse(parts[3], out url, out var expected) ? $"the URL is wrong; expected {expected}"
            : null;
        if (problem is not null)
            return null;
        return new Peer
        {
            BackendId = parts[0],
            Key = key!,
            Capabilities = [],
            Scope = scope,
            Url = url,
            RegisteredAt = DateTimeOffset.UnixEpoch,
            State = PeerState.Active,
            IsConfigured = true,
        };
    }
}
