namespace ConversationHub.Store.Sync;

/// <summary>
/// The value of a field is held in memory for as long as its conversation is. Nothing that this program lets anybody set comes near the limit;
/// what is beyond it keeps its place in its stream and says nothing, so that it neither fills the memory of every backend nor stops an exchange. Pure.
/// </summary>
internal static class LargeValues
{
    /// <summary>As JSON.</summary>
    public const int MaxCharacters = 16 * 1024;

    /// <param name="batch">Checked by <see cref="SyncRules"/>.</param>
    public static IReadOnlyList<SyncOperation> Guard(IReadOnlyList<SyncOperation> batch) =>
        batch.Any(IsLarge) ? [.. batch.Select(static operation => IsLarge(operation) ? AsPlace(operation) : operation)] : batch;

    private static bool IsLarge(SyncOperation operation) => operation.Field is { } field && field.Value.GetRawText().Length > MaxCharacters;

    private static SyncOperation AsPlace(SyncOperation operation) =>
        operation with { Kind = SyncOperation.Withheld, ConversationId = null, Field = null };
}
