using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Log;

/// <summary>What every operation has, whatever its kind (wire.md §10.1).</summary>
/// <param name="Kind">One of <see cref="Contracts.OperationKind"/>, or one this version does not know.</param>
/// <param name="UserId">Owner of the conversation.</param>
/// <param name="ConversationId">Null only in the erasure of a user.</param>
/// <param name="Seq">From 1, without a gap within the origin.</param>
internal sealed record StoredOperation(
    Guid Id,
    string Kind,
    string UserId,
    string? ConversationId,
    string Origin,
    long Seq,
    HybridTimestamp Hlc);
