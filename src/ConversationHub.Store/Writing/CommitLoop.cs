using System.Buffers;
using System.Collections.Concurrent;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Sync;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Writing;

/// <summary>
/// The one writer. It takes what has gathered while the last batch was being synced, decides, appends, syncs once for all,
/// shows the operations and only then answers (group commit). It runs on a thread of its own because it waits for the disk.
/// </summary>
internal sealed class CommitLoop : IDisposable
{
    /// <summary>Beyond it a peer that names more of our former streams is believed once an hour as before.</summary>
    private const int MaxFormerStreams = 4096;

    /// <summary>Writes that may wait; beyond it a write is refused at once.</summary>
    private const int MaxWaiting = 8192;

    private const int MaxBatchWrites = 1024;
    private const int MaxBatchBytes = 4 << 20;
    private const int RoomCheckMilliseconds = 1000;
    private const int LinuxNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int MacQuota = 69;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    private readonly BlockingCollection<PendingWrite> _waiting = new(MaxWaiting);
    private readonly LogState _state;
    private readonly LogWriter _writer;
    private readonly OriginNames _origins;
    private readonly StatusBoard _board;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly BatchClaims _claims = new();
    private readonly List<AdmittedWrite> _admitted = [];
    private readonly Dictionary<string, int> _lastSeqs = new(StringComparer.Ordinal);
    private readonly Queue<PendingWrite> _deferred = [];
    private readonly Action? _release;
    private readonly RenewalLimit _renewals;
    private readonly HashSet<string> _formerStreams = new(StringComparer.Ordinal);
    private HybridTimestamp _clock;

    /// <param name="release">Lets what was held back take effect; runs on the writer's thread.</param>
    public CommitLoop(
        LogState state, LogWriter writer, OriginNames origins, StatusBoard board, TimeProvider time, ILogger logger, Action? release = null)
    {
        _release = release;
        _renewals = new RenewalLimit(time);
        _state = state;
        _writer = writer;
        _origins = origins;
        _board = board;
        _time = time;
        _logger = logger;
        _clock = state.Index.LastClock;
        _thread = new Thread(Run) { IsBackground = true, Name = "store-writer" };
        _thread.Start();
    }

    /// <summary>Hands a write over. Its outcome comes through <see cref="PendingWrite.Done"/>, in any case.</summary>
    public void Submit(PendingWrite write)
    {
        try
        {
            if (_waiting.TryAdd(write))
                return;
            write.Complete(Refused(StoreFailureKind.Unavailable, "Too many writes are waiting."));
        }
        catch (InvalidOperationException)
        {
            // The store was closed between the caller's check and here.
            write.Complete(Refused(StoreFailureKind.Unavailable, "The store is closed."));
        }
    }

    /// <summary>
    /// Gives the store a new id while it runs: what is committed after this goes to new origins (wire.md §9.5, a restored store).
    /// At a start, <see cref="IdentityRenewal"/> decides the same.
    /// </summary>
    /// <param name="why">For the log.</param>
    /// <returns>Null when it is done and durable, else why not; the origins are then as they were.</returns>
    public async Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken)
    {
        var write = new PendingWrite(WriteKind.NewOrigins, null, null, []) { At = _time.GetUtcNow(), Why = why };
        Submit(write);
        return await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false) is WriteResult.NotCommitted refused ? refused.Failure : null;
    }

    /// <summary>Writes what waits, then ends.</summary>
    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
    }

    private void Run()
    {
        while (_deferred.Count > 0 || !_waiting.IsCompleted)
        {
            if (_deferred.Count == 0)
            {
                if (!_waiting.TryTake(out var first, IsRefusing ? RoomCheckMilliseconds : Timeout.Infinite))
                {
                    LookForRoom();
                    continue;
                }

                _deferred.Enqueue(first);
            }

            RunBatch();
        }
    }

    private bool IsRefusing => _board.Ended is null && _board.Current.Health == StoreHealthState.Unavailable;

    /// <summary>Who is told that the store cannot write sends it nothing any more, so the store has to find out by itself when it can.</summary>
    private void LookForRoom()
    {
        if (IsRefusing && _writer.HasRoom())
            TakeAgain();
    }

    private void TakeAgain()
    {
        StoreTelemetry.RoomAgain(_logger);
        _board.Refusing(null);
    }

    private void RunBatch()
    {
        _bytes.ResetWrittenCount();
        _claims.Clear();
        _admitted.Clear();
        _lastSeqs.Clear();

        // Those put off by the last batch come first; what is put off now goes to the next.
        for (var left = _deferred.Count; left > 0; left--)
            Take(_deferred.Dequeue());
        while (_admitted.Count < MaxBatchWrites && _bytes.WrittenCount < MaxBatchBytes && _waiting.TryTake(out var write))
            Take(write);
        if (_admitted.Count > 0)
            Commit();
    }

    private void Take(PendingWrite write)
    {
        if (_board.Ended is not null)
        {
            write.Complete(Refused(StoreFailureKind.Unavailable, "The store can write no more until it is restarted."));
            return;
        }

        if (write.Operations.Count == 0 && _claims.IsEmpty)
        {
            write.Complete(Turn(write));
            return;
        }

        if (write.Kind == WriteKind.Foreign && _claims.IsEmpty)
        {
            TakeForeign(write);
            return;
        }

        // What retention names as untouched may have been gone on with by a peer whose clock is ahead.
        if (write.UntouchedSince is not null
            && _state.HeldBackConversations().Contains(_state.Index.FindConversation(write.User, write.ConversationId!.Value, out _)))
        {
            write.Complete(new WriteResult.Rejected(Refusal.NotFound, write.ConversationId));
            return;
        }

        switch (write.Operations.Count == 0 || write.Kind == WriteKind.Foreign ? new Admittance.Later() : Admission.Decide(_state.Index, _claims, write))
        {
            case Admittance.Yes yes:
                Admit(write, yes);
                break;
            case Admittance.No no:
                write.Complete(new WriteResult.Rejected(no.Why, no.ConversationId));
                break;
            default:
                _deferred.Enqueue(write);
                break;
        }
    }

    /// <summary>What needs the writer's thread to itself and writes no operation.</summary>
    private WriteResult Turn(PendingWrite write)
    {
        if (write.Kind == WriteKind.NewSegment)
        {
            _writer.EndSegment();
            return new WriteResult.Committed(null, default, 0);
        }

        if (write.Kind == WriteKind.Release)
        {
            _release?.Invoke();
            _clock = Later(_clock, _state.Index.LastClock);
            return new WriteResult.Committed(null, default, 0);
        }

        if (write.Kind == WriteKind.Notice)
        {
            if (!IsBehind(write.PeerHave!) || !_renewals.IsOpen)
                return new WriteResult.Committed(null, default, 0);
            if (TryTakeNewOriginsForAPeer("a peer holds more of this store's operations than it does itself") is { } refused)
                return refused;
            _formerStreams.UnionWith(write.PeerHave!.Keys.Where(_origins.IsOwn).Take(MaxFormerStreams - _formerStreams.Count));
            return new WriteResult.Committed(null, default, 1);
        }

        return TryTakeNewOrigins(write.Why ?? "asked for") is { } failure ? failure : new WriteResult.Committed(null, default, 1);
    }

    private WriteResult.NotCommitted? TryTakeNewOriginsForAPeer(string why)
    {
        if (TryTakeNewOrigins(why) is { } failure)
            return failure;
        _renewals.Note();
        return null;
    }

    /// <summary>
    /// A stream of ours that is not known at all may be of this very store, before an image of it was put back that is older than a user's first
    /// operation; the name does not tell whose it is. Those that were there when new origins were taken say nothing of the new ones.
    /// </summary>
    private bool IsBehind(IReadOnlyDictionary<string, long> peerHave) => peerHave.Any(one =>
        one.Value > _state.Index.LastSeq(one.Key)
        && (_state.Index.Streams.Find(one.Key) is { } stream
            ? _origins.Of(stream.User) == one.Key || _origins.OfImports(stream.User) == one.Key
            : _origins.IsOwn(one.Key) && !_formerStreams.Contains(one.Key)));

    /// <summary>A peer's batch: whole, or nothing of it.</summary>
    private void TakeForeign(PendingWrite write)
    {
        var admitted = ForeignAdmission.Decide(_state.Index, write.Places!);
        write.Admitted = admitted;
        if (admitted.Conflict is not null)
        {
            write.Complete(new WriteResult.Rejected(Refusal.OriginConflict, null));
            return;
        }

        if (admitted.Accepted.Any(at => IsOwnPresent(write.Places![at])))
        {
            // In this store's present stream nothing is taken without leaving it.
            if (!_renewals.IsOpen)
            {
                write.Admitted = admitted = admitted with { Accepted = [.. admitted.Accepted.Where(at => !IsOwnPresent(write.Places![at]))] };
            }
            else if (TryTakeNewOriginsForAPeer("a peer sent operations of this store's own that it does not hold") is { } failure)
            {
                write.Complete(failure);
                return;
            }
        }

        if (admitted.Accepted.Count == 0)
        {
            write.Complete(new WriteResult.Committed(null, default, 0));
            return;
        }

        var lines = new List<AdmittedLine>(admitted.Accepted.Count);
        foreach (var at in admitted.Accepted)
        {
            var offset = _bytes.WrittenCount;
            lines.Add(new AdmittedLine(write.Operations[at], write.Places![at], offset, LogLine.Write(_bytes, write.Places[at], write.Operations[at].Body)));
        }

        var yes = new Admittance.Yes(null, write.Places![admitted.Accepted[0]].UserId, BeginsConversation: false);
        _claims.Add(write, yes);
        _admitted.Add(new AdmittedWrite(write, yes, lines));
    }

    private bool IsOwnPresent(StoredOperation operation) =>
        _origins.Of(operation.UserId) == operation.Origin || _origins.OfImports(operation.UserId) == operation.Origin;

    private WriteResult.NotCommitted? TryTakeNewOrigins(string why)
    {
        try
        {
            _origins.TakeNew(why);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Refused(StoreFailureKind.Unavailable, $"The store's new identity cannot be written ({error.Message}).");
        }
    }

    private static HybridTimestamp Later(HybridTimestamp left, HybridTimestamp right) => left > right ? left : right;

    private void Admit(PendingWrite write, Admittance.Yes yes)
    {
        _claims.Add(write, yes);
        var lines = new List<AdmittedLine>(write.Operations.Count);
        for (var at = 0; at < write.Operations.Count; at++)
        {
            if (write.Kind != WriteKind.Import || !_state.Index.Holds(write.Operations[at].Id, yes.Owner))
                lines.Add(WriteLine(write, at, yes));
        }

        _admitted.Add(new AdmittedWrite(write, yes, lines));
    }

    private AdmittedLine WriteLine(PendingWrite write, int at, Admittance.Yes yes)
    {
        var draft = write.Operations[at];
        var hlc = write.Clocks is { } clocks ? clocks[at] : _clock = HybridTimestamp.Next(_clock, _time.GetUtcNow().ToUnixTimeMilliseconds());
        if (hlc > _clock)
            _clock = hlc;
        var origin = write.Kind == WriteKind.Import ? _origins.OfImports(yes.Owner) : _origins.Of(yes.Owner);
        var seq = (_lastSeqs.TryGetValue(origin, out var last) ? last : _state.Index.LastSeq(origin)) + 1;
        _lastSeqs[origin] = seq;
        var operation = new StoredOperation(draft.Id.Value, draft.Kind, yes.Owner, yes.ConversationId?.ToString(), origin, seq, hlc);
        var offset = _bytes.WrittenCount;
        return new AdmittedLine(draft, operation, offset, LogLine.Write(_bytes, operation, draft.Body));
    }

    private void Commit()
    {
        var started = _time.GetTimestamp();
        LineLocation at;
        try
        {
            at = _writer.Append(_bytes.WrittenSpan);
        }
        catch (SegmentUnknownException error)
        {
            End(error.Message);
            return;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Refuse(error);
            return;
        }

        try
        {
            _writer.Sync();
        }
        catch (IOException error)
        {
            End($"syncing the log failed ({error.Message})");
            return;
        }

        StoreTelemetry.CommitSeconds.Record(_time.GetElapsedTime(started).TotalSeconds);
        _state.Apply(_admitted, at);
        _clock = Later(_clock, _state.Index.LastClock);
        if (IsRefusing)
            TakeAgain();
        _board.Committed(_state.Index.Recency.Count, _time.GetUtcNow());
        foreach (var admitted in _admitted)
        {
            admitted.Write.Complete(new WriteResult.Committed(
                admitted.Admitted.ConversationId, UserId.Parse(admitted.Admitted.Owner), admitted.Lines.Count));
        }
    }

    /// <summary>The batch is not there, and the next one may succeed.</summary>
    private void Refuse(Exception error)
    {
        var noRoom = error.HResult is LinuxNoSpace or LinuxQuota or MacQuota or WindowsDiskFull;
        if (_board.Current.Health != StoreHealthState.Unavailable)
            StoreTelemetry.NoRoom(_logger, error.Message);
        _board.Refusing(noRoom ? "the disk of the store is full" : $"the log cannot be written ({error.Message})");
        var result = noRoom
            ? Refused(StoreFailureKind.NoRoom, "The disk of the store is full.")
            : Refused(StoreFailureKind.Unavailable, "The log of the store cannot be written.");
        foreach (var admitted in _admitted)
            admitted.Write.Complete(result);
    }

    /// <summary>A failed sync leaves open what is on the disk, and a second one would not tell (the pages count as clean then).</summary>
    private void End(string why)
    {
        StoreTelemetry.WritingEnded(_logger, why);
        _board.WritingEnded(why);
        foreach (var admitted in _admitted)
            admitted.Write.Complete(Refused(StoreFailureKind.OutcomeUnknown, "Whether the store kept this is not known."));
    }

    private static WriteResult.NotCommitted Refused(StoreFailureKind kind, string reason) => new(new StoreFailure(kind, reason));
}
