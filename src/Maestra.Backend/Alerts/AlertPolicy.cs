using System.Collections.Immutable;
using System.Globalization;
using Maestra.Backend.Http;

namespace Maestra.Backend.Alerts;

/// <summary>What a signal leads to.</summary>
internal readonly record struct AlertDecision(AlertState State, IReadOnlyList<Alert> Alerts);

/// <summary>Decides what the operator is told (wire.md §11): thresholds, one message per title in five minutes, and when it is over. Pure.</summary>
/// <remarks>Times are those since a beginning that the caller keeps, by a clock that nobody sets: one set back by a day would keep a title silent for that day.</remarks>
internal static class AlertPolicy
{
    public static readonly TimeSpan QuietPeriod = TimeSpan.FromMinutes(5);

    /// <summary>Error rate and mean latency are those of this long.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>How often <see cref="AlertSignal.Tick"/> comes.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(30);

    /// <summary>With fewer asks in the window a rate says nothing: one of one would be 100 %.</summary>
    public const int MinAsks = 20;

    public const double MaxErrorRate = 0.05;
    public const double MaxMeanLatencyMs = 1000;
    private const int FirstErrorStatus = 400;

    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(10);

    public static AlertDecision Decide(AlertState state, AlertSignal signal, TimeSpan now) => signal switch
    {
        AlertSignal.AskFinished ask => new AlertDecision(Count(state, ask, now), []),
        AlertSignal.RequestFailed failed => Announce(state with { FailedAt = now }, now, opens: true, new Alert(
            AlertLevel.Error, AlertTitle.RequestFailed, Invariant($"{failed.Status} {failed.Code}"), [new AlertField("request_id", failed.RequestId)])),
        AlertSignal.CostLimited limited => Announce(state, now, opens: false, new Alert(AlertLevel.Warning, AlertTitle.CostLimit, limited.Limit, [])),
        AlertSignal.Started started => Announce(state, now, opens: false, new Alert(
            AlertLevel.Info, AlertTitle.Started, $"{started.Mode} {started.Version}", [new AlertField("backend_id", started.BackendId)])),
        AlertSignal.Stopping stopping => Announce(state, now, opens: false, new Alert(
            AlertLevel.Warning, AlertTitle.Stopping, "no more questions are taken", [new AlertField("backend_id", stopping.BackendId)])),
        AlertSignal.Tick => Look(state, now),
        _ => throw new InvalidOperationException($"Unknown signal {signal.GetType().Name}."),
    };

    private static AlertState Count(AlertState state, AlertSignal.AskFinished ask, TimeSpan now)
    {
        var window = Recent(state.Window, now);

        // A caller who hung up is no error of the backend.
        var errors = ask.Status >= FirstErrorStatus && ask.Status != HttpReply.ClientGone.Status ? 1 : 0;
        if (window.Count > 0 && window[^1] is var last && now - last.From < Slice)
            window = window.SetItem(window.Count - 1, new AskSlice(last.From, last.Asks + 1, last.Errors + errors, last.LatencyMs + ask.LatencyMs));
        else
            window = window.Add(new AskSlice(now, 1, errors, ask.LatencyMs));
        return state with { Window = window };
    }

    private static AlertDecision Look(AlertState state, TimeSpan now)
    {
        state = state with { Window = Recent(state.Window, now) };
        var asks = state.Window.Sum(static slice => slice.Asks);
        var rate = asks < MinAsks ? 0 : (double)state.Window.Sum(static slice => slice.Errors) / asks;
        var latency = asks < MinAsks ? 0 : state.Window.Sum(static slice => slice.LatencyMs) / asks;
        var alerts = new List<Alert>();
        state = Judge(state, now, rate > MaxErrorRate, alerts, new Alert(
            AlertLevel.Error, AlertTitle.ErrorRate, Invariant($"{rate * 100:0.0} % of {asks} asks failed in the last {Window.TotalMinutes} minutes"), []));
        state = Judge(state, now, latency > MaxMeanLatencyMs, alerts, new Alert(
            AlertLevel.Warning, AlertTitle.Latency, Invariant($"{latency:0} ms on average over {asks} asks in the last {Window.TotalMinutes} minutes"), []));

        // A single failure is over when none has followed for a while; nothing new is announced here.
        if (state.Open.Contains(AlertTitle.RequestFailed) && now - state.FailedAt >= QuietPeriod)
            state = Close(state, AlertTitle.RequestFailed, $"no request has failed for {QuietPeriod.TotalMinutes} minutes", alerts);
        return new AlertDecision(state, alerts);
    }

    private static AlertState Judge(AlertState state, TimeSpan now, bool isBad, List<Alert> alerts, Alert alert)
    {
        if (!isBad)
        {
            state = state with { Waiting = state.Waiting.Remove(alert.Title) };
            return state.Open.Contains(alert.Title) ? Close(state, alert.Title, "back below its threshold", alerts) : state;
        }

        if (state.Open.Contains(alert.Title))
            return state;
        var decision = Announce(state, now, opens: true, alert);
        alerts.AddRange(decision.Alerts);

        // A condition that is held back is one alert, however often it is looked at.
        return decision.Alerts.Count == 0 ? decision.State with { Waiting = decision.State.Waiting.Add(alert.Title) } : decision.State;
    }

    private static AlertState Close(AlertState state, string title, string text, List<Alert> alerts)
    {
        alerts.Add(new Alert(AlertLevel.Info, AlertTitle.RecoveredPrefix + title, text, []));
        return state with { Open = state.Open.Remove(title) };
    }

    /// <summary>Sends it, or holds it back while the last one of its title is too near.</summary>
    private static AlertDecision Announce(AlertState state, TimeSpan now, bool opens, Alert alert)
    {
        var held = state.HeldBack.GetValueOrDefault(alert.Title);
        var isWaiting = state.Waiting.Contains(alert.Title);
        if (state.SentAt.TryGetValue(alert.Title, out var sentAt) && now - sentAt < QuietPeriod)
            return new AlertDecision(isWaiting ? state : state with { HeldBack = state.HeldBack.SetItem(alert.Title, held + 1) }, []);

        // The one that goes out now was counted when it began to wait.
        if (isWaiting)
            held--;
        if (held > 0)
            alert = alert with { Fields = [.. alert.Fields, new AlertField("held_back", held.ToString(CultureInfo.InvariantCulture))] };
        state = state with
        {
            SentAt = state.SentAt.SetItem(alert.Title, now),
            HeldBack = state.HeldBack.Remove(alert.Title),
            Waiting = state.Waiting.Remove(alert.Title),
            Open = opens ? state.Open.Add(alert.Title) : state.Open,
        };
        return new AlertDecision(state, [alert]);
    }

    private static ImmutableList<AskSlice> Recent(ImmutableList<AskSlice> window, TimeSpan now)
    {
        var old = 0;
        while (old < window.Count && now - window[old].From >= Window)
            old++;
        return old == 0 ? window : window.RemoveRange(0, old);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
