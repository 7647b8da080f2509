using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>What has happened to one question so far. Used by one flow at a time; attempts that run at once are added when they end.</summary>
internal sealed class CallLog(Question question, Deadline deadline)
{
    private readonly List<Attempt> _attempts = new(capacity: 2);

    public Question Question { get; } = question;

    public Deadline Deadline { get; } = deadline;

    /// <summary>Why the cloud was not asked although the route has it, by the latest look; null when that did not happen.</summary>
    public string? KeptLocalCause { get; private set; }

    /// <summary>
    /// What keeps the question from this target now, null when nothing does. Asked anew before each attempt: a disk that did not tell may tell
    /// by then, and a conversation may be marked meanwhile. Changes nothing here, so that it can run beside an attempt.
    /// </summary>
    public ValueTask<string?> WhyKeptFromAsync(TargetName target, CancellationToken cancellationToken) =>
        target == TargetName.Cloud && Question.WhyKeptLocal is { } why ? why(cancellationToken) : default;

    /// <summary>Takes in what <see cref="WhyKeptFromAsync"/> said before the target's first attempt.</summary>
    /// <returns>Whether it may be asked.</returns>
    public bool MayAsk(TargetName target, string? whyNot)
    {
        if (target == TargetName.Cloud)
            KeptLocalCause = whyNot;
        return whyNot is null;
    }

    /// <summary>What <see cref="MayAsk"/> has last been told.</summary>
    public bool IsKeptFrom(TargetName target) => target == TargetName.Cloud && KeptLocalCause is not null;

    /// <summary>In the order of the route, and for one target in the order of time.</summary>
    public ImmutableArray<Attempt> TakeAttempts()
    {
        for (var i = 1; i < _attempts.Count; i++)
        {
            for (var j = i; j > 0 && _attempts[j].Target < _attempts[j - 1].Target; j--)
                (_attempts[j], _attempts[j - 1]) = (_attempts[j - 1], _attempts[j]);
        }

        return [.. _attempts];
    }

    /// <summary>The longest time a backend asked to be left alone, null when none did.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    public void Asking(TargetName target) =>
        Question.Progress?.Report(new RoutingProgress(target, _attempts.Count == 0 ? null : _attempts[^1]));

    public void Add(EndedAttempt ended)
    {
        _attempts.Add(ended.Told);
        if (ended.Result.RetryAfter is { } wait && (RetryAfter is not { } known || wait > known))
            RetryAfter = wait;
    }

    /// <summary>Another target answered first. Whether it ran there is not known.</summary>
    public void AddAbandoned(TargetName target) =>
        _attempts.Add(new Attempt(target, AttemptOutcome.Abandoned, null, Deadline.Elapsed, null, MayHaveRun: true, null));

    public void AddSkipped(ImmutableArray<TargetBoard> boards)
    {
        foreach (var board in boards)
        {
            _attempts.Add(new Attempt(
                board.Name, AttemptOutcome.SkippedOpen, null, TimeSpan.Zero, null, MayHaveRun: false, board.Record.LastChange?.Cause));
        }
    }
}
