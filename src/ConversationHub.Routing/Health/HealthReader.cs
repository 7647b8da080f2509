using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>Reads the targets' health through a cache of 30 s, which a contradicting call empties.</summary>
internal sealed class HealthReader(RoutingOptions options, TargetSet targets, BackendClient client, Prober prober, TimeProvider time) : IHealthReader
{
    public static readonly TimeSpan CacheLifetime = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>A local backend is found by asking up to three times, each of which may take as long as an answer.</summary>
    public static readonly TimeSpan FindLimit = TimeSpan.FromSeconds(2);

    public async Task<HealthSnapshot> ReadAsync(bool refresh, CancellationToken cancellationToken)
    {
        var read = await Task.WhenAll(targets.All.Select(board => ReadTargetAsync(board, refresh, cancellationToken))).ConfigureAwait(false);
        var states = read.ToImmutableArray();
        var active = WouldAnswer(states);
        return new HealthSnapshot
        {
            Active = active?.Health.Name,
            Targets = [.. states.Select(static state => state.Health), .. LeftOut()],
            Dependencies = active?.Dependencies ?? ImmutableSortedDictionary<string, string>.Empty,
            Route = options.Route,
            FallbackEnabled = options.FallbackEnabled,
        };
    }

    /// <summary>As the router goes: those whose breaker is open are passed over, unless all are; then each is tried.</summary>
    private static TargetState? WouldAnswer(ImmutableArray<TargetState> states) =>
        states.FirstOrDefault(static state => state.Health.Breaker == BreakerState.Closed && state.IsFit)
        ?? (states.All(static state => state.Health.Breaker != BreakerState.Closed) ? states.FirstOrDefault(static state => state.IsFit) : null);

    private async Task<TargetState> ReadTargetAsync(TargetBoard board, bool refresh, CancellationToken cancellationToken)
    {
        prober.Wake(board);
        if (!refresh && board.FreshHealth is { } known)
            return Describe(board, known, cached: true);

        var started = time.GetTimestamp();
        var located = await LocateAsync(board, cancellationToken).ConfigureAwait(false);
        var answer = located.Endpoint is { } endpoint
            ? await client.ReadHealthWithinAsync(board.Name, endpoint, AnswerLimit, cancellationToken).ConfigureAwait(false)
            : NotFound(located.Failure!);
        board.RememberHealth(answer, time.GetElapsedTime(started));
        return Describe(board, board.Health ?? new CheckedHealth(answer, time.GetElapsedTime(started), board.Now), cached: false);
    }

    private async ValueTask<Located> LocateAsync(TargetBoard board, CancellationToken cancellationToken)
    {
        try
        {
            return await board.LocateAsync(cancellationToken).AsTask().WaitAsync(FindLimit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return new Located(null, new AttemptResult(AttemptOutcome.ConnectTimeout) { Detail = $"not found within {FindLimit.TotalSeconds:0} s" });
        }
    }

    private static HealthAnswer NotFound(AttemptResult failure) => new()
    {
        Status = failure.Outcome == AttemptOutcome.Impostor ? TargetStatus.Impostor : TargetStatus.Unreachable,
        IsAlive = false,
        Detail = failure.Detail,
    };

    private static TargetState Describe(TargetBoard board, CheckedHealth health, bool cached)
    {
        var record = board.Record;
        var answer = health.Answer;
        return new TargetState(
            new TargetHealth
            {
                Name = board.Name,
                Url = board.Locator.Known?.Shown,
                Status = answer.Status,
                Breaker = record.State,
                LastChange = record.LastChange,
                TimesOpened = record.TimesOpened,
                Latency = answer.IsAlive ? health.Latency : null,
                CheckedAt = health.At.Wall,
                Cached = cached,
                Version = answer.Version,
                Detail = answer.Detail ?? (answer.IsFit && !answer.RecognisesRepeats
                    ? "an earlier backend: it does not recognise a repeated question"
                    : null),
            },
            answer.IsFit,
            answer.Dependencies);
    }

    /// <summary>The targets that are configured or usual, but not allowed: shown, never contacted.</summary>
    private IEnumerable<TargetHealth> LeftOut()
    {
        if (targets.All.All(static board => board.Name != TargetName.Local))
            yield return Disabled(TargetName.Local, options.LocalUrl, "MAESTRA_ROUTE is cloud-only");
        if (options.CloudUrl is not null && targets.All.All(static board => board.Name != TargetName.Cloud))
        {
            yield return Disabled(
                TargetName.Cloud,
                options.CloudUrl,
                options.FallbackEnabled ? "MAESTRA_ROUTE is local-only" : "MAESTRA_FALLBACK_ENABLED is false");
        }
    }

    private static TargetHealth Disabled(TargetName name, Uri? url, string why) => new()
    {
        Name = name,
        Url = url is null ? null : new TargetEndpoint(url).Shown,
        Status = TargetStatus.Disabled,
        Breaker = BreakerState.Closed,
        Detail = why,
    };

    private sealed record TargetState(TargetHealth Health, bool IsFit, ImmutableSortedDictionary<string, string> Dependencies);
}
