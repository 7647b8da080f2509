using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Contracts;

/// <summary>
/// The id of a conversation whose asker named none: <c>conv_{date}_{user}_{8 hex}</c> (wire.md §1.1).
/// A pure function of the operation, so the hub and every backend make the same one
/// and a question that fails over never starts two conversations.
/// </summary>
public static class GeneratedConversationId
{
    private const int HexDigits = 8;
    private const int MaxUserPartLength = 64;

    /// <summary>How many ids one operation can give; SHA-256 has 64 digits, 8 for each.</summary>
    public const int MaxAttempts = 8;

    /// <summary>Makes the id.</summary>
    /// <param name="operation">The question's operation id; its day is used if it is of version 7.</param>
    /// <param name="userId">The asker; only the part before the first <c>@</c> is used.</param>
    /// <param name="receivedAt">The day used if the operation id tells none.</param>
    /// <param name="attempt">0–7; counts up when another question already made the id.</param>
    public static ConversationId Create(OperationId operation, string userId, DateTimeOffset receivedAt, int attempt = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempt);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(attempt, MaxAttempts);
        var day = (operation.MintedAt ?? receivedAt).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(operation.ToString())));
        return ConversationId.Parse($"conv_{day}_{UserPart(userId)}_{digest.AsSpan(attempt * HexDigits, HexDigits)}");
    }

    private static string UserPart(string userId)
    {
        var local = userId.AsSpan();
        var at = local.IndexOf('@');
        if (at >= 0)
            local = local[..at];

        var part = new StringBuilder(local.Length);
        foreach (var c in local)
        {
            if (char.IsAsciiLetterOrDigit(c) || c == '-')
                part.Append(c);
            else if (part.Length == 0 || part[^1] != '_')
                part.Append('_');
        }

        var trimmed = part.ToString().Trim('_');
        if (trimmed.Length > MaxUserPartLength)
            trimmed = trimmed[..MaxUserPartLength];
        return trimmed.Length == 0 ? "user" : trimmed;
    }
}
