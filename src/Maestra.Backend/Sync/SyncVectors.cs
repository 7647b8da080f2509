using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>What a peer's vector must be (wire.md §9.4). Pure.</summary>
internal static class SyncVectors
{
    /// <returns>Null when it is one; else what is wrong.</returns>
    public static string? Check(IReadOnlyDictionary<string, long> have)
    {
        if (have.Count > SyncLimits.Origins)
            return $"at most {SyncLimits.Origins} origins; pair user by user";
        return have.Values.Any(static seq => seq is < 0 or > int.MaxValue) ? $"a number from 0 to {int.MaxValue} is needed for each origin" : null;
    }
}
