using Maestra.Backend.Alerts;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Metrics;

/// <summary>Tells everybody who counts them of a finished ask: totals, metrics file, alerts. Never waits.</summary>
/// <param name="file">Null when none is written.</param>
internal sealed class AskReporter(BackendMeter meter, MetricsFile? file, IAlerts alerts, BackendIdentity identity, TimeProvider time)
{
    public const string ClientGoneError = "client_gone";

    /// <summary>To be called before the reply is written, so that whoever has it finds it counted.</summary>
    public void Finished(RequestState state, HttpReply reply)
    {
        var notes = state.Ask ?? new AskNotes();
        var (status, error) = reply switch
        {
            HttpReply.Json json => (json.Status, null),
            HttpReply.Refused refused => (refused.Status, refused.Code),
            _ => (HttpReply.ClientGone.Status, ClientGoneError),
        };
        var latencyMs = Count(state, status, notes.CostUsd);
        file?.Write(new AskReport
        {
            Timestamp = time.GetUtcNow(),
            RequestId = state.RequestId,
            SurfaceId = notes.Surface?.ToString(),
            UserPseudonym = notes.User is { } user ? identity.Pseudonyms.Of(user) : null,
            ConversationId = notes.Conversation?.ToString(),
            Mode = notes.Mode,
            LatencyMs = (long)latencyMs,
            StatusCode = status,
            Tokens = notes.Tokens,
            CostUsd = notes.CostUsd,
            Error = error,
        });
    }

    /// <summary>One that an overload refused before anything of it was read: counted as every other, and without a line, which would tell nothing but its time.</summary>
    public void Overloaded(RequestState state) => Count(state, StatusCodes.Status503ServiceUnavailable, costUsd: 0);

    private double Count(RequestState state, int status, decimal costUsd)
    {
        var latencyMs = time.GetElapsedTime(state.StartedAt).TotalMilliseconds;
        meter.AskFinished(status, latencyMs, costUsd);
        alerts.Tell(new AlertSignal.AskFinished(status, latencyMs));
        return latencyMs;
    }
}
