using ConversationHub.Contracts;
using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Sync;

/// <summary>
/// What this backend wrote is shown whatever its clock, because it was acknowledged here. So nothing may come from outside under its name
/// with a clock ahead: a user's erasure there would cover all that is still to be written. It is passed over, as what lies beyond a gap is,
/// and comes again until time has caught up. Pure.
/// </summary>
internal static class OwnAhead
{
    /// <param name="batch">Checked by <see cref="SyncRules"/>.</param>
    /// <param name="prefix">Of this backend's origins.</param>
    /// <param name="limit">The latest clock that takes effect now.</param>
    public static IReadOnlyList<SyncOperation> Without(IReadOnlyList<SyncOperation> batch, string prefix, HybridTimestamp limit) =>
        batch.Any(operation => Is(operation, prefix, limit)) ? [.. batch.Where(operation => !Is(operation, prefix, limit))] : batch;

    private static bool Is(SyncOperation operation, string prefix, HybridTimestamp limit) =>
        operation.Origin.StartsWith(prefix, StringComparison.Ordinal)
        && HybridTimestamp.TryParse(operation.Hlc, out var clock) && clock > limit
        && !(operation.Kind == OperationKind.Erase && operation.ConversationId is not null);
}
