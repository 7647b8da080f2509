using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing;

/// <summary>Everything Routing logs. Event ids 3000–3999, never reused; never a message's text, a key or a body.</summary>
internal static partial class RoutingTelemetry
{
    /// <summary>
    /// Loads what logging a failure takes. Left to the first failure it would be read from the disk only then, which a program that has no
    /// file descriptor left cannot do, and its questions would fail of their own log lines.
    /// </summary>
    public static void Prepare() => _ = LoggerMessageHelper.ThreadLocalState;

    [LoggerMessage(3000, LogLevel.Warning, "Target {Target} is now {State}: {Cause}")]
    public static partial void BreakerChanged(ILogger logger, string target, string state, string cause);

    [LoggerMessage(3001, LogLevel.Warning, "Question {RequestId}: {Target} gave {Outcome} (status {Status})")]
    public static partial void AttemptFailed(ILogger logger, string requestId, string target, string outcome, int status);

    [LoggerMessage(3002, LogLevel.Information, "Question {RequestId} served by {ServedBy} after {Attempts} attempt(s) in {ElapsedMs} ms")]
    public static partial void QuestionEnded(ILogger logger, string requestId, string servedBy, int attempts, long elapsedMs);

    /// <summary>The usual case, by the first target at the first attempt: nothing for an owner to see, and the hub's only line for each question.</summary>
    [LoggerMessage(3003, LogLevel.Debug, "Question {RequestId} answered by {ServedBy} in {ElapsedMs} ms")]
    public static partial void QuestionAnswered(ILogger logger, string requestId, string servedBy, long elapsedMs);
}
