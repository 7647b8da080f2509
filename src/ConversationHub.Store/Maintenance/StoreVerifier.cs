using ConversationHub.Store.Disk;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Recovery;
using ConversationHub.Store.Repair;
using ConversationHub.Store.Retention;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using ConversationHub.Store.Views;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Maintenance;

/// <summary>Reads a whole store and changes nothing: every line against its checksum, every stream for gaps, every file against the log.</summary>
internal sealed class StoreVerifier(LogFolder folder, StoreOptions options, TimeProvider time, ILogger logger)
{
    private readonly List<VerifyFinding> _findings = [];
    private readonly List<LostOperations> _gaps = [];
    private readonly List<LostOperations> _knownGaps = [];
    private int _files;

    public VerifyReport Run()
    {
        using var storeLock = StoreLock.TryTake(folder.Lock);
        using var files = new SegmentFiles(folder, ReadOnlyDisk.Instance, time);
        var state = new LogState(options.Namespace, searches: false);
        var reading = new LogRecovery(folder, files, ReadOnlyDisk.Instance, state, search: null, logger, options.Progress).Read();
        CheckLog(reading, state);
        if (storeLock is not null)
        {
            CheckFiles(state, files);
            CheckForeignFiles(state);
            CheckCopies(files);
        }

        return new VerifyReport(
            state.Index.Operations.Count, state.Index.Recency.Count, reading.Segments.Count, _files, storeLock is null, _findings)
        {
            Gaps = _gaps,
            KnownGaps = _knownGaps,
        };
    }

    private void CheckLog(LogReading reading, LogState state)
    {
        if (StoreIdentity.TryRead(folder.Identity, out var newer) is null)
        {
            Find(folder.Identity, null, newer is { } version
                ? $"written by a newer version (format {version})"
                : "missing or damaged; the store takes new origins when it is opened");
        }

        if (File.Exists(folder.Sent) && SentMark.TryRead(folder.Sent) is null)
            Find(folder.Sent, null, "damaged; a backup that is put back may not be told from the store itself until operations have left for a peer again");
        if (reading.NewerFormat is { } place)
            Find(folder.Log, null, $"written by a newer version ({place})");
        foreach (var region in reading.Damage)
            Find(Path.Combine(folder.Log, region.Segment), region.Line, $"damaged at offset {region.Offset}, {region.Length} bytes");
        if (reading.Tail is { } tail && reading.NewerFormat is null)
        {
            Find(folder.Segment(reading.Segments[^1]), tail.Number,
                $"{reading.Length - tail.Offset} bytes after the last good line; opening the store moves them to damaged/");
        }

        if (File.Exists(folder.Retention) && LogRetention.TryRead(folder.Retention) is null)
            Find(folder.Retention, null, "damaged; retention begins anew, with its grace");
        CheckGaps(state);
    }

    private void CheckGaps(LogState state)
    {
        var known = KnownLosses.Read(folder.Lost, out var isDamaged);
        if (isDamaged)
            Find(folder.Lost, null, "damaged; run store verify --repair");
        foreach (var gap in SeqCheck.FindGaps(state.Index, options.BackendId))
        {
            if (known.Covers(gap))
            {
                _knownGaps.Add(gap);
                continue;
            }

            _gaps.Add(gap);
            Find(folder.Log, null, $"{gap} are missing");
        }
    }

    private void CheckFiles(LogState state, SegmentFiles files)
    {
        var board = new StatusBoard(LogStore.Kind);
        var messages = new MessageReader(files, board, logger);
        var views = new ViewBuilder(state, new ConversationReader(state, messages), messages);
        for (var number = 0; number < state.Index.Conversations.Count; number++)
        {
            options.Progress?.Report(new StoreProgress("comparing files", number, state.Index.Conversations.Count, "conversations"));
            switch (views.Conversation(number))
            {
                case ViewContent.Bytes(var name, var bytes):
                    Compare(folder.View(name), bytes);
                    break;
                case ViewContent.None(var name) when File.Exists(folder.View(name)):
                    Find(folder.View(name), null, "is there although its conversation was erased; run store rebuild-views");
                    break;
                default:
                    // Erased and gone, as it should be; or unreadable, which the log's findings tell.
                    break;
            }
        }

        options.Progress?.Report(new StoreProgress("comparing files", state.Index.Conversations.Count, state.Index.Conversations.Count, "conversations"));
        if (state.Index.Recency.Count > 0 || File.Exists(folder.IndexView))
            Compare(folder.IndexView, views.Index());
    }

    /// <summary>Files that keep an id from being used, and copies that must never change.</summary>
    private void CheckForeignFiles(LogState state)
    {
        foreach (var (name, problem, bytes) in FileRepair.FindUnreadable(folder, state.Index))
        {
            Find(folder.View(name), null, $"cannot be read as a conversation ({problem}); "
                + (bytes is null ? "move it away" : "run store verify --repair, or move it away"));
        }

        foreach (var path in FileRepair.FindChangedCopies(folder))
            Find(path, null, "is not what was imported: its SHA-256 is not its name; run store verify --repair");
    }

    /// <summary>What is made of the log to be found faster: it must not be wrong, and may be absent.</summary>
    private void CheckCopies(SegmentFiles files)
    {
        if (File.Exists(folder.Scrub) && ScrubPlace.TryRead(folder.Scrub) is null)
            Find(folder.Scrub, null, "is damaged; the check of the log begins with the first segment");
        foreach (var offset in File.Exists(folder.WrittenViews) ? WrittenViews.FindDamaged(File.ReadAllBytes(folder.WrittenViews)) : [])
            Find(folder.WrittenViews, null, $"is damaged at offset {offset}; the next start makes it anew");
        if (new SnapshotFile(folder, files).TryRead(new LogState(options.Namespace, searches: false), out var why) is null && why is not null)
            Find(folder.Snapshot, null, $"cannot be used, {why}; the next start makes it anew");
        foreach (var path in Directory.Exists(folder.Search) ? Directory.EnumerateFiles(folder.Search, "*" + SearchFiles.Extension) : [])
        {
            var segment = DiskSegment.TryOpen(path);
            if (segment?.IsSound() != true)
                Find(path, null, "is damaged; the next start makes it anew");
            segment?.Release();
        }
    }

    private void Compare(string path, byte[] expected)
    {
        _files++;
        if (!File.Exists(path))
            Find(path, null, "is missing; run store rebuild-views");
        else if (new FileInfo(path).Length != expected.Length || !File.ReadAllBytes(path).AsSpan().SequenceEqual(expected))
            Find(path, null, "differs from the log; run store rebuild-views");
    }

    private void Find(string path, long? line, string what) =>
        _findings.Add(new VerifyFinding(Path.GetRelativePath(folder.Root, path), line, what));
}
