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
    private const int SmallBodyBytes = 512;

    /// <param name="known">What the peer was last seen to hold; null before the first round, which carries the vector alone.</param>
    /// <returns>What the peer holds now, and why the exchange ended early, if it did.</returns>
    public async Task<(IReadOnlyDictionary<string, long>? PeerHave, string? Failure)> RunAsync(
        Peer peer, IReadOnlyDictionary<string, long>? known, CancellationToken cancellationToken)
    {
        var scope = SyncScopes.Of(peer, settings.Sync);
        var (batch, unread) = await MissingAsync(scope, known, cancellationToken);
        for (var round = 0; batch is not null && round < MaxRounds; round++)
        {
            var (response, failure) = await OneAsync(peer, scope, batch, cancellationToken);
            if (response is null)
                return (known, failure);
            var (applied, problem) = await TakeAsync(peer, scope, response, cancellationToken);
            if (problem is not null)
                return (known, problem);

            // Sides of which neither takes or brings anything new would go on for ever.
            var isStuck = known is not null && applied == 0 && response.OperationsApplied == 0;
            known = response.Have;
            (batch, unread) = await MissingAsync(scope, known, cancellationToken);
            if (isStuck || (!response.More && batch is { Operations.Count: 0 }))
                return (known, null);
            if (response.More)
                board.Behind(peer.BackendId);
        }

        return (known, unread?.Reason);
    }

    private async Task<(SyncBatch? Batch, StoreFailure? Failure)> MissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long>? known, CancellationToken cancellationToken) =>
        known is null ? (SyncBatch.Empty, null) : await store.ReadMissingAsync(scope, known, cancellationToken);

    private async Task<(SyncResponse? Response, string? Failure)> OneAsync(
        Peer peer, SyncScope scope, SyncBatch batch, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SyncSchedule.RoundLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var (have, unread) = await store.ReadVectorAsync(scope, cancellationToken);
        if (have is null)
            return (null, unread!.Reason);
        if (have.Count > SyncLimits.Origins)
            return (null, $"there are more than {SyncLimits.Origins} origins: pair user by user");
        try
        {
            return await SendAsync(peer, Request(peer, have, batch), batch, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {SyncSchedule.RoundLimit.TotalSeconds} s");
        }
    }

    private async Task<(SyncResponse? Response, string? Failure)> SendAsync(
        Peer peer, SyncRequest request, SyncBatch batch, CancellationToken cancellationToken)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(request, MaestraJson.Compact.SyncRequest);
        var isCoded = plain.Length > SmallBodyBytes;
        var body = isCoded ? ContentCoding.Encode(plain, ContentCoding.Brotli) : plain;
        meter.SyncBytes("out", body.Length);
        switch (await client.PostAsync(peer, Routes.Sync, body, isCoded ? ContentCoding.Brotli : null, SyncLimits.BodyBytes, cancellationToken))
        {
            case PeerAnswer.Answered { Status: StatusCodes.Status200OK } answered:
                meter.SyncBytes("in", answered.Body.Length);
                meter.SyncOperations(peer.BackendId, "out", batch.Operations.Count);
                return TryParse(answered.Body) is { } response ? (response, null) : (null, "the answer is none of /sync");
            case PeerAnswer.Answered answered when IsConflict(answered):
                logger.Suspended(peer.BackendId, "unknown");
                await SyncConflicts.SuspendAsync(directory, audit, peer, "unknown", cancellationToken);
                return (null, "the peer holds other operations under the same numbers");
            case PeerAnswer.Answered answered:
                return (null, $"status {answered.Status}");
            case PeerAnswer.Untrusted untrusted:
                return (null, $"status {untrusted.Status}, {untrusted.Reason}");
            case PeerAnswer.Failed failed:
                return (null, failed.Reason);
            case var unknown:
                throw new InvalidOperationException($"Unknown answer {unknown.GetType().Name}.");
        }
    }

    private SyncRequest Request(Peer peer, IReadOnlyDictionary<string, long> have, SyncBatch batch) => new()
    {
        SyncId = "sync_" + ids.NewHex(SyncIdBytes),
        SourceBackendId = client.OwnKey(peer).Id,
        TargetBackendId = peer.BackendId,
        Timestamp = WireTime.Truncate(time.GetUtcNow()),
        Have = have,
        Tombstones = SyncWire.Tombstones(batch),
        Conversations = SyncWire.Conversations(batch),
        Withheld = SyncWire.Withheld(batch),
        More = batch.More,
    };

    /// <returns>How many operations were new here, or why none was taken.</returns>
    private async Task<(int Applied, string? Problem)> TakeAsync(Peer peer, SyncScope scope, SyncResponse response, CancellationToken cancellationToken)
    {
        if (response.Have is null)
            return (0, "the answer has no vector");
        if (response.Have.Count > SyncLimits.Origins)
            return (0, "the answer names too many origins");
        var (tookNew, unnoticed) = await store.NoticeAsync(response.Have, cancellationToken);
        if (unnoticed is not null)
            return (0, unnoticed.Reason);
        if (tookNew)
            logger.Restored(peer.BackendId);
        if (SyncWire.Read(response.Tombstones, response.Conversations, response.Withheld, out var why) is not { } operations)
            return (0, $"the answer is invalid: {why}");
        switch (await store.ApplyAsync(scope, operations, CancellationToken.None))
        {
            case SyncApplyOutcome.Applied applied:
                meter.SyncOperations(peer.BackendId, "in", applied.Counts.Operations);
                await erasures.TellAsync(peer, operations);
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

    private static SyncResponse? TryParse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, MaestraJson.Compact.SyncResponse);
        }
        catch (JsonException)
        {
            // Told by the result: the round failed.
            return null;
        }
    }
}
