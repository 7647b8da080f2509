using ConversationHub.Store.Maintenance;

namespace ConversationHub.Store.Repair;

/// <summary>What a repair did, and what a check found afterwards.</summary>
/// <param name="Done">One sentence for each thing that was changed, in its order; empty when there was nothing to repair.</param>
/// <param name="After">Whatever could not be repaired is found in it.</param>
public sealed record RepairReport(IReadOnlyList<string> Done, VerifyReport After);
