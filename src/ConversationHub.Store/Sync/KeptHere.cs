using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;

namespace ConversationHub.Store.Sync;

/// <summary>
/// Which conversations stay here is decided here: a peer's word on it keeps its place in the stream and says nothing, since it could lift
/// the mark and then ask for the text. Under this backend's own name, as after a restore, only the mark itself is taken. Pure.
/// </summary>
internal static class KeptHere
{
    /// <param name="batch">Checked by <see cref="SyncRules"/>.</param>
    /// <param name="prefix">Of this backend's origins.</param>
    public static IReadOnlyList<SyncOperation> Guard(IReadOnlyList<SyncOperation> batch, string prefix) =>
        batch.Any(operation => IsForeignWord(operation, prefix))
            ? [.. batch.Select(operation => IsForeignWord(operation, prefix) ? AsPlace(operation) : operation)]
            : batch;

    private static bool IsForeignWord(SyncOperation operation, string prefix) =>
        operation is { Kind: OperationKind.Field, Field: { Name: FieldNames.LocalOnly } field }
        && !(field.Value.ValueKind == System.Text.Json.JsonValueKind.True && operation.Origin.StartsWith(prefix, StringComparison.Ordinal));

    private static SyncOperation AsPlace(SyncOperation operation) =>
        operation with { Kind = SyncOperation.Withheld, ConversationId = null, Field = null };
}
