using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store;

/// <summary>Logs and meters of the store. Event ids 2000–2999; never message text.</summary>
internal static partial class StoreTelemetry
{
    public const string MeterName = "ConversationHub.Store";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Time from the first byte written to the end of the sync, in seconds; in a database from the statement to its answer.</summary>
    public static readonly Histogram<double> CommitSeconds = Meter.CreateHistogram(
        "maestra_store_commit_seconds", "s", "Durable commits of the store",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.0001, .0005, .001, .005, .01, .05, .1, .5, 1] });

    [LoggerMessage(2000, LogLevel.Information, "Store opened: {Operations} operations, {Conversations} conversations, {Segments} segments, {ElapsedMs} ms")]
    public static partial void Opened(ILogger logger, int operations, int conversations, int segments, long elapsedMs);

    [LoggerMessage(2001, LogLevel.Warning, "Torn tail cut: {Segment} line {Line} (offset {Offset}, {Bytes} bytes), kept as {Copy}")]
    public static partial void TornTailCut(ILogger logger, string segment, long line, long offset, long bytes, string copy);

    [LoggerMessage(2002, LogLevel.Error, "Damaged region of the log: {Segment} line {Line} (offset {Offset}, {Bytes} bytes); kept as it is, the rest is served")]
    public static partial void DamagedRegion(ILogger logger, string segment, long line, long offset, long bytes);

    [LoggerMessage(2003, LogLevel.Critical, "Store can write no more until it is restarted: {Reason}")]
    public static partial void WritingEnded(ILogger logger, string reason);

    [LoggerMessage(2004, LogLevel.Error, "Store refuses writes for want of room: {Reason}")]
    public static partial void NoRoom(ILogger logger, string reason);

    [LoggerMessage(2005, LogLevel.Information, "Store takes writes again")]
    public static partial void RoomAgain(ILogger logger);

    [LoggerMessage(2006, LogLevel.Error, "A stored line cannot be read back: {Segment} offset {Offset}")]
    public static partial void LineUnreadable(ILogger logger, string segment, long offset);

    [LoggerMessage(2007, LogLevel.Warning, "Store took a new identity, and with it new origins: {Reason}. Tags local_only that were set since that backup are gone with it: set them again")]
    public static partial void NewIdentity(ILogger logger, string reason);

    [LoggerMessage(2014, LogLevel.Warning, "What has left for the peers cannot be noted in {Path}: {Reason}. A backup of this store that is put back may not be told from the store itself")]
    public static partial void SentNotNoted(ILogger logger, string path, string reason);

    [LoggerMessage(2008, LogLevel.Information, "Log compacted: text of {Operations} erased operations removed from {Segments} segments, {ElapsedMs} ms")]
    public static partial void Compacted(ILogger logger, int operations, int segments, long elapsedMs);

    [LoggerMessage(2009, LogLevel.Error, "Erased text could not be removed from the log, it will be tried again: {Reason}")]
    public static partial void CompactionFailed(ILogger logger, string reason);

    [LoggerMessage(2010, LogLevel.Warning, "Conversation files are behind the log, they will be written again: {Reason}")]
    public static partial void ViewsBehind(ILogger logger, string reason);

    [LoggerMessage(2011, LogLevel.Error, "The database cannot be used: {Reason}")]
    public static partial void DatabaseLost(ILogger logger, string reason);

    [LoggerMessage(2050, LogLevel.Warning, "Snapshot of the index not used, the whole log is read: {Reason}")]
    public static partial void SnapshotDiscarded(ILogger logger, string reason);

    [LoggerMessage(2051, LogLevel.Information, "Snapshot of the index written: {Operations} operations, {Bytes} bytes, {ElapsedMs} ms")]
    public static partial void SnapshotWritten(ILogger logger, int operations, long bytes, long elapsedMs);

    [LoggerMessage(2052, LogLevel.Warning, "Snapshot of the index cannot be written, a start will take longer: {Reason}")]
    public static partial void SnapshotFailed(ILogger logger, string reason);

    [LoggerMessage(2053, LogLevel.Warning, "Search file is damaged or does not fit the log, it is made anew: {File}")]
    public static partial void SearchFileDamaged(ILogger logger, string file);

    [LoggerMessage(2054, LogLevel.Warning, "Search files are behind, they will be written again: {Reason}")]
    public static partial void SearchFilesBehind(ILogger logger, string reason);

    [LoggerMessage(2055, LogLevel.Information, "Search index lacks {Operations} operations; they are read from the log now")]
    public static partial void SearchRebuilt(ILogger logger, int operations);

    [LoggerMessage(2020, LogLevel.Warning, "{File} was written or changed by somebody else; its bytes are kept as imported/{Copy}, and the conversation's own file takes its place")]
    public static partial void ForeignFileKept(ILogger logger, string file, string copy);

    [LoggerMessage(2060, LogLevel.Information, "Database compacted: erased text is gone from its files, {ElapsedMs} ms")]
    public static partial void DatabaseCompacted(ILogger logger, long elapsedMs);

    [LoggerMessage(2061, LogLevel.Warning, "Erased text is not yet gone from the files of the database, it will be tried again: {Reason}")]
    public static partial void DatabaseNotCompacted(ILogger logger, string reason);

    [LoggerMessage(2062, LogLevel.Warning, "Import is not finished, since something could not be written; it goes on later by itself")]
    public static partial void ImportPutOff(ILogger logger);

    [LoggerMessage(2063, LogLevel.Information, "{File} is of a conversation that was erased; it was removed")]
    public static partial void ErasedFileRemoved(ILogger logger, string file);

    [LoggerMessage(2064, LogLevel.Warning, "{File} could not be read as a conversation; its bytes are kept as log/damaged/{Copy}, and the conversation's own file takes its place")]
    public static partial void DamagedFileKept(ILogger logger, string file, string copy);

    [LoggerMessage(2065, LogLevel.Information, "The schema of the database is brought from version {From} to {To}; with millions of messages this takes minutes")]
    public static partial void SchemaUpdates(ILogger logger, int from, int to);

    [LoggerMessage(2066, LogLevel.Information, "Another replica is bringing the schema of the database up to date; this one waits for it")]
    public static partial void SchemaWaits(ILogger logger);

    [LoggerMessage(2012, LogLevel.Information, "Import: {Imported} files imported, {Skipped} skipped, {Damaged} damaged, {Operations} operations added")]
    public static partial void Imported(ILogger logger, int imported, int skipped, int damaged, int operations);

    [LoggerMessage(2013, LogLevel.Warning, "Import left a file as it is: {File}: {Reason}")]
    public static partial void ImportDamaged(ILogger logger, string file, string reason);

    [LoggerMessage(2350, LogLevel.Error, "Import of {File} failed; the file is left as it is")]
    public static partial void ImportFailed(ILogger logger, string file, Exception exception);

    [LoggerMessage(2100, LogLevel.Error, "Work behind the commits failed, the next round tries again")]
    public static partial void HousekeepingFailed(ILogger logger, Exception exception);

    [LoggerMessage(2300, LogLevel.Warning, "Requests are counted by this replica alone: the database does not count them ({Reason})")]
    public static partial void RateWindowsLost(ILogger logger, string reason);

    [LoggerMessage(2301, LogLevel.Information, "Requests are counted together with the other replicas again")]
    public static partial void RateWindowsBack(ILogger logger);
}
