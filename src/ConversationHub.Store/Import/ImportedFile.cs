using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Import;

/// <summary>What a file of the earlier backend becomes: the same operations on every machine (wire.md §10.3).</summary>
/// <param name="Operations">Fields, then messages in their order; each with the clock of its own time.</param>
internal sealed record ImportedFile(ConversationId ConversationId, UserId Owner, IReadOnlyList<(OperationDraft Draft, HybridTimestamp Hlc)> Operations);
