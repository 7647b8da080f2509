using ConversationHub.Store.Repair;

namespace ConversationHub.Store.Maintenance;

/// <summary>What a check of a store found.</summary>
/// <param name="Operations">Good lines of the log.</param>
/// <param name="Files">Files that were compared with the log.</param>
/// <param name="IsRunning">True when a process holds the store: then only its log was read, and its last line may have been on its way.</param>
public sealed record VerifyReport(int Operations, int Conversations, int Segments, int Files, bool IsRunning, IReadOnlyList<VerifyFinding> Findings)
{
    public bool IsSound => Findings.Count == 0;

    /// <summary>Operations that are missing and are among the findings.</summary>
    internal IReadOnlyList<LostOperations> Gaps { get; init; } = [];

    /// <summary>Operations that are missing and were told of by an earlier repair: no findings.</summary>
    internal IReadOnlyList<LostOperations> KnownGaps { get; init; } = [];

    /// <summary>How many operations earlier repairs could not bring back.</summary>
    public int KnownLost => KnownGaps.Sum(static gap => gap.To - gap.From + 1);
}

/// <summary>Something that is not as it was written.</summary>
/// <param name="File">Relative to the root.</param>
/// <param name="Line">From 1; null where the whole file is meant.</param>
public sealed record VerifyFinding(string File, long? Line, string What)
{
    public override string ToString() => Line is { } line ? $"{File} line {line}: {What}" : $"{File}: {What}";
}
