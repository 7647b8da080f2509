namespace ConversationHub.Store.Import;

/// <summary>What an import did, file by file.</summary>
/// <param name="Imported">Files that gave at least one new operation.</param>
/// <param name="Skipped">Files that hold nothing new.</param>
/// <param name="Damaged">Files that were left as they are.</param>
/// <param name="Operations">How many were added.</param>
public sealed record ImportReport(int Imported, int Skipped, IReadOnlyList<DamagedFile> Damaged, int Operations)
{
    internal static ImportReport None { get; } = new(0, 0, [], 0);

    /// <summary>True when something could not be written, such as on a full disk: what is missing is imported by the next import.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>Both together.</summary>
    internal ImportReport With(ImportReport other) => new(
        Imported + other.Imported, Skipped + other.Skipped, [.. Damaged, .. other.Damaged], Operations + other.Operations)
    {
        IsUnfinished = IsUnfinished || other.IsUnfinished,
    };
}

/// <param name="File">Name without folders.</param>
/// <param name="Why">What is wrong with it, or why it could not be stored.</param>
public sealed record DamagedFile(string File, string Why);
