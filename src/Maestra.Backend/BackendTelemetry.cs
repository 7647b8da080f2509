using ConversationHub.Contracts;

namespace Maestra.Backend;

/// <summary>Every log line of this program. Event ids 1000–1999, never used again for something else. Never a message's text, a key or a user's id.</summary>
internal static partial class BackendTelemetry
{
    [LoggerMessage(1000, LogLevel.Information, "maestra-backend {Version} started: mode {Mode}, listening on {Host}:{Port}, store {Store} with {Conversations} conversations, backend {BackendId}, advisor {Advisor}")]
    public static partial void Started(
        this ILogger logger, string version, string mode, string host, int port, string store, int conversations, string backendId, string advisor);

    [LoggerMessage(1001, LogLevel.Information, "Ask answered (operation {OperationId}, provider {Provider}, replayed {Replayed}, {DurationMs} ms, user {UserPseudonym}, request {RequestId})")]
    public static partial void AskAnswered(
        this ILogger logger, RequestId requestId, string userPseudonym, long durationMs, OperationId operationId, string? provider, bool replayed);

    [LoggerMessage(1002, LogLevel.Warning, "Ask failed with {Status} {Code} (operation {OperationId}, {DurationMs} ms, user {UserPseudonym}, request {RequestId})")]
    public static partial void AskFailed(
        this ILogger logger, RequestId requestId, string userPseudonym, long durationMs, OperationId operationId, int status, string code);

    [LoggerMessage(1003, LogLevel.Information, "Ask given up (client gone: {ClientGone}, operation {OperationId}, {DurationMs} ms, user {UserPseudonym}, request {RequestId})")]
    public static partial void AskGivenUp(
        this ILogger logger, RequestId requestId, string userPseudonym, long durationMs, OperationId operationId, bool clientGone);

    [LoggerMessage(1004, LogLevel.Information, "Ask run again: the question was stored without a reply (operation {OperationId})")]
    public static partial void AskResumed(this ILogger logger, OperationId operationId);

    [LoggerMessage(1005, LogLevel.Warning, "Advisor {Provider} failed: {Reason} (operation {OperationId})")]
    public static partial void AdvisorFailed(this ILogger logger, OperationId operationId, string provider, string reason);

    [LoggerMessage(1006, LogLevel.Error, "Ask crashed (operation {OperationId})")]
    public static partial void AskCrashed(this ILogger logger, OperationId operationId, Exception exception);

    [LoggerMessage(1007, LogLevel.Error, "Request crashed (request {RequestId})")]
    public static partial void RequestCrashed(this ILogger logger, RequestId requestId, Exception exception);

    [LoggerMessage(1008, LogLevel.Information, "Request broken: {Reason} (request {RequestId})")]
    public static partial void RequestBroken(this ILogger logger, RequestId requestId, string reason);

    [LoggerMessage(1009, LogLevel.Warning, "{Warning}")]
    public static partial void SettingWarned(this ILogger logger, string warning);

    [LoggerMessage(1010, LogLevel.Warning, "The port file could not be kept: {Reason}")]
    public static partial void PortFileFailed(this ILogger logger, string reason);

    [LoggerMessage(1012, LogLevel.Warning, "The marks of conversations that stay here cannot be kept in {Folder}: {Reason}. While this backend is down a hub does not know of a mark it was not told with an answer")]
    public static partial void MarkNotSaved(this ILogger logger, string folder, string reason);

    [LoggerMessage(1050, LogLevel.Warning, "Another replica took over a question that is still being answered here, its lease having run out (operation {OperationId})")]
    public static partial void LeaseLost(this ILogger logger, OperationId operationId);

    [LoggerMessage(1051, LogLevel.Information, "{Path} is of no use: a start after all replicas were stopped does not notice that the database's files were put back meanwhile ({Reason})")]
    public static partial void DatabaseMemoryUnusable(this ILogger logger, string path, string reason);

    [LoggerMessage(1011, LogLevel.Information, "maestra-backend stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(1100, LogLevel.Error, "Audit sink {Sink} has dropped {Dropped} records: {Reason}")]
    public static partial void AuditDropped(this ILogger logger, string sink, long dropped, string reason);

    [LoggerMessage(1101, LogLevel.Warning, "The audit log ended in a torn line of {Bytes} bytes, which was cut off: the backend was killed while it wrote")]
    public static partial void AuditTailCut(this ILogger logger, long bytes);

    [LoggerMessage(1102, LogLevel.Error, "The metrics file cannot be written, lines are dropped until it can: {Reason}")]
    public static partial void MetricsFileFailed(this ILogger logger, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "The metrics file is written again; {Dropped} lines were dropped since the start")]
    public static partial void MetricsFileWorksAgain(this ILogger logger, long dropped);

    [LoggerMessage(1106, LogLevel.Error, "Lines of erased conversations could not be taken from the metrics file, it will be tried again: {Reason}")]
    public static partial void MetricsErasureFailed(this ILogger logger, string reason);

    [LoggerMessage(1107, LogLevel.Warning, "The audit log cannot be read, so erasures may be accounted for twice: {Reason}")]
    public static partial void AuditUnreadable(this ILogger logger, string reason);

    [LoggerMessage(1104, LogLevel.Warning, "An alert could not be sent: {Reason}")]
    public static partial void AlertFailed(this ILogger logger, string reason);

    [LoggerMessage(1105, LogLevel.Information, "Stopping: no more asks are taken, {Running} running ones have {Seconds} s to finish")]
    public static partial void Draining(this ILogger logger, int running, int seconds);

    [LoggerMessage(1300, LogLevel.Information, "Keys file {Path} was taken up: {Count} keys count now")]
    public static partial void KeysTakenUp(this ILogger logger, string path, int count);

    [LoggerMessage(1301, LogLevel.Error, "Keys file {Path}, {Mistake}; the line is left out")]
    public static partial void KeyLineIgnored(this ILogger logger, string path, string mistake);

    [LoggerMessage(1302, LogLevel.Error, "Keys file {Path} cannot be read, and the keys of before count on: {Reason}")]
    public static partial void KeysFileUnreadable(this ILogger logger, string path, string reason);

    [LoggerMessage(1303, LogLevel.Warning, "Address {Address} sent {Count} failed keys within {Seconds} s and is refused until they are over")]
    public static partial void AddressRefused(this ILogger logger, string address, int count, int seconds);

    [LoggerMessage(1350, LogLevel.Information, "Rate limit exceeded: {Partition} of {Actor}; told once a window (request {RequestId})")]
    public static partial void RateLimited(this ILogger logger, string partition, string actor, RequestId requestId);
}
