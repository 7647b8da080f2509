using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>What a peer's vector must be (wire.md §9.4). Pure.</summary>
internal static class SyncVectors
{
    private const int DigestBytes = 16;

    /// <summary>Of a vector, whatever its order: two that have the same are the same.</summary>
    public static string Digest(IReadOnlyDictionary<string, long> have)
    {
        var lines = have.OrderBy(static one => one.Key, StringComparer.Ordinal)
            .Select(static one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} {one.Value}"));
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))).AsSpan(0, DigestBytes));
    }

    /// <summary>True when a peer that held the one holds the other once it has taken the batch.</summary>
    public static bool IsReached(IReadOnlyDictionary<string, long> own, IReadOnlyDictionary<string, long> peers, SyncBatch batch)
    {
        var then = new Dictionary<string, long>(peers, StringComparer.Ordinal);
        foreach (var one in batch.Operations)
            then[one.Origin] = Math.Max(one.Seq, then.GetValueOrDefault(one.Origin));
        return then.Count == own.Count && own.All(one => then.GetValueOrDefault(one.Key) == one.Value);
    }

    /// <returns>Null when it is one; else what is wrong.</returns>
    public static string? Check(IReadOnlyDictionary<string, long> have)
    {
        if (have.Count > SyncLimits.Origins)
            return $"at most {SyncLimits.Origins} origins; pair user by user";
        return have.Values.Any(static seq => seq is < 0 or > int.MaxValue) ? $"a number from 0 to {int.MaxValue} is needed for each origin" : null;
    }
}
