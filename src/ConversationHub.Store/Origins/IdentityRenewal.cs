using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Store.Log;
using ConversationHub.Store.Recovery;

namespace ConversationHub.Store.Origins;

/// <summary>
/// Decides at a start whether the store must take new origins: lines that cannot be read may have been the last of their origins,
/// and then their sequence numbers would be given out a second time.
/// </summary>
internal static class IdentityRenewal
{
    private const int DigestDigits = 16;

    /// <summary>Stands for the damage a store was opened with, so that the same damage is taken for new only once; empty for none.</summary>
    public static string DigestOf(IReadOnlyList<DamagedRegion> damage)
    {
        if (damage.Count == 0)
            return "";
        var text = string.Join('\n', damage.Select(static region =>
            string.Create(CultureInfo.InvariantCulture, $"{region.Segment} {region.Offset} {region.Length}")));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..DigestDigits];
    }

    /// <param name="held">Null when the store has none that can be read.</param>
    /// <param name="why">For the log; null for a store that begins.</param>
    /// <param name="born">When the folder of the log was made (<see cref="BirthMark"/>).</param>
    /// <param name="putBack">What <see cref="SentMark.WhyPutBack"/> says; null where nothing is known.</param>
    public static bool IsDue(StoreIdentity? held, LogReading reading, string born, string? putBack, out string? why)
    {
        why = held is null && reading.Segments.Count > 0 ? "log/store.json was missing or damaged"
            : reading.Tail is not null ? "the log ended in bytes that could not be read"
            : reading.Damage.Count > 0 && DigestOf(reading.Damage) != held?.Damage ? "a part of the log is damaged that was not so before"
            : held is { Born.Length: > 0 } && born.Length > 0 && held.Born != born ? "the store is a copy, as one restored from a backup is"
            : held is null ? null
            : putBack;
        return held is null || why is not null;
    }
}
