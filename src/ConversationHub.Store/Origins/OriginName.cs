using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Store.Origins;

/// <summary>
/// Names of this backend's streams of operations, <c>{backend id}~{8 hex}</c> (wire.md §1.1): one per user and store, and one more for imports.
/// The digits come from the store's own id, so a store keeps its origins over restarts without a list of them,
/// and one that takes a new id takes new origins for every user at once.
/// </summary>
internal static class OriginName
{
    private const int HexDigits = 8;

    public static string Of(string backendId, string storeId, string user, OriginPurpose purpose)
    {
        var seed = Encoding.UTF8.GetBytes($"{storeId}\n{purpose switch { OriginPurpose.Import => "import", _ => "own" }}\n{user}");
        return string.Concat(backendId, "~", Convert.ToHexStringLower(SHA256.HashData(seed)).AsSpan(0, HexDigits));
    }
}

/// <summary>What a stream is for.</summary>
internal enum OriginPurpose
{
    Own,
    Import,
}
