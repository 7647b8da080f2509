namespace ConversationHub.Routing;

/// <summary>What became of one attempt, as the result tells it.</summary>
/// <param name="Target">Who was asked.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Status">The HTTP status, if there was one.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Code">The backend's problem code (wire.md §7), if it told one.</param>
/// <param name="MayHaveRun">Whether the question may have been run there, by the failure table; false for the answer itself.</param>
/// <param name="Detail">The backend's own words or the cause in the network's terms, if there are any; never a body.</param>
public sealed record Attempt(
    TargetName Target,
    AttemptOutcome Outcome,
    int? Status,
    TimeSpan Elapsed,
    string? Code,
    bool MayHaveRun,
    string? Detail);
