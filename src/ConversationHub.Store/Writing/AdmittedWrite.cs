using ConversationHub.Store.Log;

namespace ConversationHub.Store.Writing;

/// <summary>A write with the lines it became.</summary>
internal sealed record AdmittedWrite(PendingWrite Write, Admittance.Yes Admitted, IReadOnlyList<AdmittedLine> Lines);

/// <param name="Offset">Of the line in the batch.</param>
/// <param name="Length">Without the newline.</param>
internal readonly record struct AdmittedLine(OperationDraft Draft, StoredOperation Operation, int Offset, int Length);
