using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Sync;

/// <summary>One exchange with one peer: round after round until neither side lacks anything. Each peer's loop calls it alone.</summary>
internal sealed class SyncRounds(
    PeerClient client, ISyncStore store, IPeerDirectory directory, SyncBoard board, SyncErasures erasures, BackendSettings settings, IAuditTrail audit,
    BackendMeter meter, IdSource ids, TimeProvider time, ILogger<SyncRounds> logger)
{
    /// <summary>500 operations each: beyond it the next tick goes on.</summary>
    private const int MaxRounds = 10_000;

    private const int SyncIdBytes = 8;

    /// <summary>Of what a peer says is wrong, in the log.</summary>
    private const int MaxToldCharacters = 200;

    /// <summary>A peer that says to wait longer is asked again all the same.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private readonly FrameTrust _frames = new(time);

    /// <param name="known">What the peer last said; null before the first round, which carries the vector alone.</param>
    /// <param name="most">Operations in a batch, either way (<see cref="SyncSchedule.BatchOperations"/>).</param>
    public async Task<ExchangeOutcome> RunAsync(Peer peer, PeerView? known, int most, CancellationToken cancellationToken)
    {
        var scope = SyncScopes.Of(peer, settings.Sync);
        var round = 0;

        // Before it is read what the peer lacks: a commit after that may have to go, one before it cannot. What the peer itself brings is such a commit.
        var seen = store.Commits.Count;
        var (batch, unread) = await MissingAsync(scope, known, most, cancellationToken);
        var maySayEqual = true;
        while (batch is not null && round < MaxRounds)
        {
            round++;
            var (response, failure) = await OneAsync(peer, SyncScopes.Sent(scope, known?.Users), known, batch, most, maySayEqual, cancellationToken);

            var (applied, problem) = response is null ? (0, null) : await TakeAsync(peer, response, cancellationToken);
            if (problem is not null)
                failure = new RoundFailure(problem);

            Judge(peer, isFramed: known is { TakesFrames: true }, failure);

            // Whatever it was, the ordinary form comes next: a peer may not take frames any more.
            if (failure is not null || response is null)
                return new ExchangeOutcome(known is null ? null : known with { TakesFrames = false }, failure, round, seen);

            // Sides of which neither takes or brings anything new would go on for ever.
            var differs = maySayEqual && response.Status == SyncResponse.Differs;
            var isStuck = known is not null && applied == 0 && response.OperationsApplied == 0 && !differs;
            maySayEqual = !differs;
            known = new PeerView(response.Have, response.Users) { TakesFrames = response.Frames >= SignedFrame.Version && _frames.IsTrusted(peer.BackendId) };
            seen = store.Commits.Count;
            (batch, unread) = await MissingAsync(scope, known, most, cancellationToken);
            if (isStuck || (!response.More && batch is { Operations.Count: 0 }))
                return new ExchangeOutcome(known, null, round, seen);
            if (response.More)
                board.Behind(peer.BackendId);
        }

        return new ExchangeOutcome(known, unread is null ? null : new RoundFailure(unread.Reason), round, seen);
    }

    private void Judge(Peer peer, bool isFramed, RoundFailure? failure)
    {
        // To be told to come later is an answer, in whatever form.
        if (failure is { Pause: not null })
            return;
        switch (isFramed, failure is null)
        {
            case (true, true):
                _frames.FrameWorked(peer.BackendId);
                break;
            case (true, false):
                _frames.FrameFailed(peer.BackendId);
                break;
            case (false, true):
                _frames.OrdinaryWorked(peer.BackendId);
                break;
            case (false, false):
                _frames.OrdinaryFailed(peer.BackendId);
                break;
        }
    }

    private async Task<(SyncBatch? Batch, StoreFailure? Failure)> MissingAsync(SyncScope scope, PeerView? known, int most, CancellationToken cancellationToken)
    {
        if (known is null)
            return (SyncBatch.Empty, null);
        var (batch, failure) = await store.ReadMissingAsync(SyncScopes.Sent(scope, known.Users), known.Have, cancellationToken);
        return (batch?.First(most), failure);
    }

    private async Task<(SyncResponse? Response, RoundFailure? Failure)> OneAsync(
        Peer peer, SyncScope scope, PeerView? known, SyncBatch batch, int most, bool maySayEqual, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SyncSchedule.RoundLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var (have, unread) = await store.ReadVectorAsync(scope, cancellationToken);
        if (have is null)
            return (null, new RoundFailure(unread!.Reason));
        if (have.Count > SyncLimits.Origins)
            return (null, new RoundFailure($"there are more than {SyncLimits.Origins} origins: pair user by user"));
        try
        {
            var isEqualThen = maySayEqual && known is { TakesFrames: true } && !batch.More && SyncVectors.IsReached(have, known.Have, batch);
            return await SendAsync(peer, Request(peer, have, batch, most), batch, known is { TakesFrames: true }, isEqualThen, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new RoundFailure($"no answer within {SyncSchedule.RoundLimit.TotalSeconds} s"));
        }
    }

    private async Task<(SyncResponse? Response, RoundFailure? Failure)> SendAsync(
        Peer peer, SyncRequest request, SyncBatch batch, bool isFramed, bool isEqualThen, CancellationToken cancellationToken)
    {
        var plain = isFramed
            ? JsonSerializer.SerializeToUtf8Bytes(FramedSync.Of(request, isEqualThen ? SyncVectors.Digest(request.Have!) : null), MaestraJson.Compact.FramedSyncRequest)
            : JsonSerializer.SerializeToUtf8Bytes(request, MaestraJson.Compact.SyncRequest);
        var (body, coding) = SyncBody.Encode(plain);
        meter.SyncBytes("out", body.Length);
        switch (await client.PostAsync(peer, Routes.Sync, body, coding, SyncLimits.BodyBytes, cancellationToken, isFramed))
        {
            case PeerAnswer.Answered { Status: StatusCodes.Status200OK } answered:
                meter.SyncBytes("in", answered.Body.Length);
                meter.SyncOperations(peer.BackendId, "out", batch.Operations.Count);
                return TryParse(answered.Body, isFramed ? request : null) is { } response ? (response, null) : (null, new RoundFailure("the answer is none of /sync"));
            case PeerAnswer.Answered answered when IsConflict(answered):
                logger.Suspended(peer.BackendId, "unknown");
                await SyncConflicts.SuspendAsync(directory, audit, peer, "unknown", cancellationToken);
                return (null, new RoundFailure("the peer holds other operations under the same numbers"));
            case PeerAnswer.Answered { Status: StatusCodes.Status429TooManyRequests } limited:
                return (null, Later(limited.RetryAfter));
            case PeerAnswer.Untrusted { Status: StatusCodes.Status429TooManyRequests } limited:
                return (null, Later(limited.RetryAfter));
            case PeerAnswer.Answered answered:
                return (null, new RoundFailure($"status {answered.Status}{Told(answered)}"));
            case PeerAnswer.Untrusted untrusted:
                return (null, new RoundFailure($"status {untrusted.Status}, {untrusted.Reason}"));
            case PeerAnswer.Failed failed:
                return (null, new RoundFailure(failed.Reason));
            case var unknown:
                throw new InvalidOperationException($"Unknown answer {unknown.GetType().Name}.");
        }
    }

    /// <summary>The limit on calls is the peer's way of saying how fast it goes on, nothing that went wrong.</summary>
    private static RoundFailure Later(TimeSpan? retryAfter)
    {
        var pause = retryAfter ?? ShortestPause;
        return new RoundFailure("the peer asks to come again later")
        {
            Pause = pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause,
        };
    }

    /// <summary>What a peer that found an operation invalid says of it: its id and what is wrong, never its content.</summary>
    private static string Told(PeerAnswer.Answered answered)
    {
        if (answered.Status != StatusCodes.Status422UnprocessableEntity)
            return "";
        try
        {
            return JsonSerializer.Deserialize(answered.Body.Span, MaestraJson.Compact.Problem)?.Detail is { ValueKind: JsonValueKind.Array } detail
                && detail.Deserialize(MaestraJson.Compact.IReadOnlyListValidationError) is [{ Msg: { } told }, ..]
                ? $": {told[..Math.Min(told.Length, MaxToldCharacters)]}"
                : "";
        }
        catch (JsonException)
        {
            // The status alone must do.
            return "";
        }
    }

    private SyncRequest Request(Peer peer, IReadOnlyDictionary<string, long> have, SyncBatch batch, int most) => new()
    {
        SyncId = "sync_" + ids.NewHex(SyncIdBytes),
        SourceBackendId = client.OwnKey(peer).Id,
        TargetBackendId = peer.BackendId,
        Timestamp = WireTime.Truncate(time.GetUtcNow()),
        Have = have,
        Tombstones = SyncWire.Tombstones(batch),
        Conversations = SyncWire.Conversations(batch),
        Withheld = SyncWire.Withheld(batch),
        Users = SyncScopes.Told(peer, settings.Sync),
        AtMost = most < SyncLimits.BatchOperations ? most : null,
        More = batch.More,
    };

    /// <returns>How many operations were new here, or why none was taken.</returns>
    private async Task<(int Applied, string? Problem)> TakeAsync(Peer peer, SyncResponse response, CancellationToken cancellationToken)
    {
        if (response.Have is null)
            return (0, "the answer has no vector");
        if (SyncVectors.Check(response.Have) is { } wrong)
            return (0, $"the answer's vector: {wrong}");
        if (response.Users is { Count: > SyncSettings.MaxUsers })
            return (0, "the answer names too many users");
        var (tookNew, unnoticed) = await store.NoticeAsync(response.Have, cancellationToken);
        if (unnoticed is not null)
            return (0, unnoticed.Reason);
        if (tookNew)
            logger.Restored(peer.BackendId);
        if (SyncWire.Read(response.Tombstones, response.Conversations, response.Withheld, out var why) is not { } operations)
            return (0, $"the answer is invalid: {why}");
        var pairing = SyncScopes.OfPairing(peer);
        var wanted = SyncScopes.Wanted(operations, settings.Sync, pairing);
        switch (await store.ApplyAsync(pairing, wanted, CancellationToken.None))
        {
            case SyncApplyOutcome.Applied applied:
                meter.SyncOperations(peer.BackendId, "in", applied.Counts.Operations);
                await erasures.TellAsync(peer, wanted);
                return (applied.Counts.Operations, null);
            case SyncApplyOutcome.Conflict conflict:
                logger.Suspended(peer.BackendId, conflict.Origin);
                await SyncConflicts.SuspendAsync(directory, audit, peer, conflict.Origin, cancellationToken);
                return (0, "the two sides hold different operations under one number");
            case SyncApplyOutcome.NotCommitted refused:
                return (0, refused.Failure.Reason);
            case SyncApplyOutcome.OutOfScope:
                Audit(peer, ProblemCode.ScopeViolation);
                return (0, "the answer holds operations of users outside the pairing");
            case SyncApplyOutcome.Invalid invalid:
                Audit(peer, ProblemCode.InvalidRequest);
                return (0, $"the answer is invalid: {invalid.Why}");
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private void Audit(Peer peer, string code) => audit.Record(
        new AuditEvent(AuditEventName.SyncRefused, AuditOutcome.Refused, peer.BackendId, Routes.Sync) { Details = [AuditDetail.Of("code", code)] });

    private static bool IsConflict(PeerAnswer.Answered answered)
    {
        if (answered.Status != StatusCodes.Status409Conflict)
            return false;
        try
        {
            return JsonSerializer.Deserialize(answered.Body.Span, MaestraJson.Compact.Problem) is { Code: ProblemCode.OriginConflict };
        }
        catch (JsonException)
        {
            // Signed by the peer, and no problem of ours: an ordinary failure.
            return false;
        }
    }

    /// <param name="framed">The request whose answer it is, when that went in a frame.</param>
    private static SyncResponse? TryParse(ReadOnlyMemory<byte> body, SyncRequest? framed)
    {
        try
        {
            if (framed is not null)
            {
                return JsonSerializer.Deserialize(body.Span, MaestraJson.Compact.FramedSyncResponse) is { } bare
                    ? FramedSync.Whole(bare, framed.Have!, framed.TargetBackendId, framed.Timestamp)
                    : null;
            }

            return JsonSerializer.Deserialize(body.Span, MaestraJson.Compact.SyncResponse);
        }
        catch (JsonException)
        {
            // Told by the result: the round failed.
            return null;
        }
    }
}

/// <summary>What a peer last said of itself.</summary>
/// <param name="Have">What it holds.</param>
/// <param name="Users">Of whom it takes operations; null: of all of the pairing.</param>
internal sealed record PeerView(IReadOnlyDictionary<string, long> Have, IReadOnlyList<string>? Users)
{
    /// <summary>It has said so, and nothing has failed since.</summary>
    public bool TakesFrames { get; init; }
}

/// <summary>What an exchange gave.</summary>
/// <param name="Known">What the peer says now.</param>
/// <param name="Failure">Why it ended early, if it did.</param>
/// <param name="Rounds">How many requests it took.</param>
/// <param name="Commits">Of this process, as counted before it was last read what the peer lacks: a later one may have to go to it.</param>
internal sealed record ExchangeOutcome(PeerView? Known, RoundFailure? Failure, int Rounds, long Commits);

/// <summary>Why an exchange ended before both sides were equal.</summary>
internal sealed record RoundFailure(string Reason)
{
    /// <summary>Set when nothing went wrong and the peer wants to be left alone for so long.</summary>
    public TimeSpan? Pause { get; init; }
}
