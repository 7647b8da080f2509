using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Store.Views;

/// <summary>Name of a conversation's file (wire.md §10.2).</summary>
internal static class ViewName
{
    public const string Extension = ".json";
    public const char BeforeDigest = '~';
    private const int DigestDigits = 8;

    /// <summary>Windows opens a device by these names, whatever the extension; and <c>imports.json</c> is the journal of imports.</summary>
    private static readonly FrozenSet<string> TakenNames = new[] { "con", "prn", "aux", "nul" }
        .Concat(Enumerable.Range(0, 10).SelectMany(static n => new[] { $"com{n}", $"lpt{n}" }))
        .Append("imports")
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether an id alone can be the name of a file.</summary>
    public static bool IsFree(ReadOnlySpan<char> id) => !TakenNames.GetAlternateLookup<ReadOnlySpan<char>>().Contains(id);

    /// <param name="isFirstOfName">False when another conversation came first whose id differs in letter case at most.</param>
    public static string Of(string id, string owner, bool isFirstOfName)
    {
        if (isFirstOfName && IsFree(id))
            return id + Extension;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}\n{id}")));
        return $"{id}{BeforeDigest}{digest.AsSpan(0, DigestDigits)}{Extension}";
    }
}
