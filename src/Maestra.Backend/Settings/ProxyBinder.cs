using System.Net;

namespace Maestra.Backend.Settings;

/// <summary>Reads <c>MAESTRA_TRUSTED_PROXIES</c>: addresses and CIDR blocks (RFC 4632), a comma between them.</summary>
internal static class ProxyBinder
{
    private const int MaxEntries = 64;

    public static IReadOnlyList<IPNetwork> Bind(SettingReader reader)
    {
        if (reader.Find(SettingNames.TrustedProxies) is not { } value)
            return [];
        var networks = new List<IPNetwork>();
        foreach (var entry in value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPNetwork.TryParse(entry, out var network))
                networks.Add(network);
            else if (IPAddress.TryParse(entry, out var address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                reader.Refuse(value, $"addresses or blocks such as 10.0.0.0/8, where no bit is set behind the prefix; '{entry}' is none");
        }

        if (networks.Count > MaxEntries)
            reader.Refuse(value, $"at most {MaxEntries} entries");
        return networks;
    }
}
