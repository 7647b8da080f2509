using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>What has happened to one question so far. Used by one call at a time.</summary>
internal sealed class CallLog(Deadline deadline, IProgress<RoutingProgress>? progress)
{
    private readonly ImmutableArray<Attempt>.Builder _attempts = ImmutableArray.CreateBuilder<Attempt>(2);

    public Deadline Deadline { get; } = deadline;

    /// <summary>In the order of the route.</summary>
    public ImmutableArray<Attempt> Attempts => [.. _attempts.OrderBy(static attempt => attempt.Target)];

    /// <summary>The longest time a backend asked to be left alone, null when none did.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    public void Asking(TargetName target) =>
        progress?.Report(new RoutingProgress(target, _attempts.Count == 0 ? null : _attempts[^1]));

    public Attempt Add(TargetName target, AttemptResult result, TimeSpan elapsed, bool mayHaveRun)
    {
        var attempt = new Attempt(target, result.Outcome, result.Status, elapsed, result.Code, mayHaveRun, result.Detail);
        _attempts.Add(attempt);
        if (result.RetryAfter is { } wait && (RetryAfter is not { } known || wait > known))
            RetryAfter = wait;
        return attempt;
    }

    public void AddSkipped(ImmutableArray<TargetBoard> boards)
    {
        foreach (var board in boards)
            Add(board.Name, new AttemptResult(AttemptOutcome.SkippedOpen) { Detail = board.Record.LastChange?.Cause }, TimeSpan.Zero, mayHaveRun: false);
    }
}

/// <summary>The attempt after which nothing else is asked.</summary>
internal sealed record EndingAttempt(TargetBoard Board, AttemptResult Result, Verdict Verdict);
