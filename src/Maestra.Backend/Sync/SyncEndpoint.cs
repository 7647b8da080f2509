using System.Collections.Concurrent;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Sync;

/// <summary>
/// <c>POST /sync</c> (wire.md §9.4): (1) signed and paired, (2) JSON and fields, (3) the caller is who it says and means this backend,
/// (4) its batch applied and durable, (5) what it lacks. Refused with nothing changed otherwise, and audited.
/// </summary>
internal sealed class SyncEndpoint(
    SignedRequests requests, SignedReplies replies, ISyncStore store, IPeerDirectory directory, BackendSettings settings, IAuditTrail audit,
    EarlierIntake earlier, SyncErasures erasures, BackendMeter meter, TimeProvider time, ILogger<SyncEndpoint> logger)
{
    /// <summary>What this side held when it last told a peer everything, with its digest: the next tick of that peer names it by the digest (decision 62).</summary>
    private readonly ConcurrentDictionary<string, (string Digest, IReadOnlyDictionary<string, long> Have)> _told = new(StringComparer.Ordinal);

    public void Map(WebApplication app) => app.MapPost(Routes.Sync, HandleAsync);

    private async Task HandleAsync(HttpContext context)
    {
        // (1)
        switch (await requests.AcceptAsync(context, SyncLimits.BodyBytes, context.RequestAborted))
        {
            case SignedRequestOutcome.Refused refused:
                await replies.WriteAsync(context, refused.Reply, refused.Exchange);
                break;
            case SignedRequestOutcome.Accepted accepted:
                meter.SyncBytes("in", context.Request.ContentLength ?? accepted.Body.Length);
                var reply = await AnswerAsync(accepted, context.RequestAborted);
                if (reply is HttpReply.Refused no)
                    Audit(context, accepted.Peer, no.Code);
                await WriteAsync(context, reply, accepted.Exchange);
                break;
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<HttpReply> AnswerAsync(SignedRequestOutcome.Accepted accepted, CancellationToken cancellationToken)
    {
        // (2)
        if (TryParse(accepted, out var equalTo, out var problem) is not { } request)
            return problem!;

        // (3)
        if (request.SourceBackendId != accepted.SignerId)
            return Refusals.SignatureInvalid("source_backend_id is not the signer");
        if (request.TargetBackendId != accepted.Exchange.OwnKey.Id)
            return Refusals.WrongTarget();
        if (request.Have is { } have && SyncVectors.Check(have) is { } wrong)
            return Invalid("have", wrong);
        if (request.Users is { Count: > SyncSettings.MaxUsers })
            return Invalid("users", $"at most {SyncSettings.MaxUsers} user ids");

        // (4)
        var scope = SyncScopes.Of(accepted.Peer, settings.Sync);
        var (counts, refusal) = !accepted.Exchange.IsFramed && IsEarlier(request)
            ? await TakeEarlierAsync(request, accepted, scope, cancellationToken)
            : await TakeAsync(request, accepted.Peer, cancellationToken);
        if (counts is null)
            return refusal!;

        // (5)
        return await ReplyAsync(request, equalTo, counts, accepted, SyncScopes.Sent(scope, request.Users), cancellationToken);
    }

    private async Task<(SyncCounts? Counts, HttpReply? Refused)> TakeAsync(SyncRequest request, Peer peer, CancellationToken cancellationToken)
    {
        if (SyncWire.Read(request.Tombstones, request.Conversations, request.Withheld, out var why) is not { } operations)
            return (null, Invalid("conversations", why!));
        if (request.Have is not null)
        {
            var (tookNew, unnoticed) = await store.NoticeAsync(request.Have, cancellationToken);
            if (unnoticed is not null)
                return (null, Refusals.StoreFailure(unnoticed));
            if (tookNew)
                logger.Restored(peer.BackendId);
        }

        var pairing = SyncScopes.OfPairing(peer);
        var wanted = SyncScopes.Wanted(operations, settings.Sync, pairing);
        switch (await store.ApplyAsync(pairing, wanted, CancellationToken.None))
        {
            case SyncApplyOutcome.Applied applied:
                meter.SyncOperations(peer.BackendId, "in", applied.Counts.Operations);
                await erasures.TellAsync(peer, wanted);
                return (applied.Counts, null);
            case SyncApplyOutcome.Invalid invalid:
                return (null, Invalid("conversations", invalid.Why));
            case SyncApplyOutcome.OutOfScope:
                return (null, Refusals.ScopeViolation());
            case SyncApplyOutcome.Conflict conflict:
                logger.Suspended(peer.BackendId, conflict.Origin);
                await SyncConflicts.SuspendAsync(directory, audit, peer, conflict.Origin, cancellationToken);
                return (null, Refusals.OriginConflict());
            case SyncApplyOutcome.NotCommitted refused:
                return (null, Refusals.StoreFailure(refused.Failure));
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    /// <summary>A message that names no stream is none of ours.</summary>
    private static bool IsEarlier(SyncRequest request) =>
        request.Have is null && SyncWire.IsWhole(request.Tombstones, request.Conversations, request.Withheld) && request.Conversations.Any(static one => one.Messages.Any(static message => message is { Origin: null, Seq: null, Hlc: null }));

    private async Task<(SyncCounts? Counts, HttpReply? Refused)> TakeEarlierAsync(
        SyncRequest request, SignedRequestOutcome.Accepted accepted, SyncScope scope, CancellationToken cancellationToken)
    {
        if (request.Tombstones is { Count: > 0 } || request.Withheld is { Count: > 0 } || request.Conversations.Any(static one =>
            one.Fields is { Count: > 0 } || one.Messages.Any(static message => message is not { Origin: null, Seq: null, Hlc: null, Erased: false })))
        {
            return (null, Invalid("conversations", "origin, seq and hlc are needed for every operation, or for none of a payload that holds messages alone"));
        }

        var peer = accepted.Peer;
        switch (await earlier.TakeAsync(
            scope, peer.BackendId, accepted.Exchange.OwnKey.Id, peer.Scope.User ?? settings.User, request.Conversations, cancellationToken))
        {
            case SyncApplyOutcome.Applied applied:
                meter.SyncOperations(peer.BackendId, "in", applied.Counts.Operations);
                if (applied.Counts.Operations > 0)
                    logger.EarlierPayload(applied.Counts.Operations, peer.BackendId);
                return (applied.Counts, null);
            case SyncApplyOutcome.Invalid invalid:
                return (null, Invalid("conversations", invalid.Why));
            case SyncApplyOutcome.OutOfScope:
                return (null, Refusals.ScopeViolation());
            case SyncApplyOutcome.NotCommitted refused:
                return (null, Refusals.StoreFailure(refused.Failure));
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<HttpReply> ReplyAsync(
        SyncRequest request, string? equalTo, SyncCounts counts, SignedRequestOutcome.Accepted accepted, SyncScope scope, CancellationToken cancellationToken)
    {
        var (have, unread) = await store.ReadVectorAsync(scope, cancellationToken);
        if (have is null)
            return Refusals.StoreFailure(unread!);
        var digest = SyncVectors.Digest(have);
        var callers = request.Have;
        bool? isEqual = equalTo is null ? null : equalTo == digest;
        if (isEqual == false && _told.TryGetValue(accepted.Peer.BackendId, out var told) && told.Digest == equalTo)
            (callers, isEqual) = (told.Have, null);
        var batch = SyncBatch.Empty;
        if (callers is not null)
        {
            var (missing, failure) = await store.ReadMissingAsync(scope, callers, cancellationToken);
            if (missing is null)
                return Refusals.StoreFailure(failure!);
            batch = request.AtMost is > 0 and var most ? missing.First(most) : missing;
        }

        meter.SyncOperations(accepted.Peer.BackendId, "out", batch.Operations.Count);
        meter.SyncRound(accepted.Peer.BackendId, "synced");
        if (!batch.More)
            _told[accepted.Peer.BackendId] = (digest, have);
        if (batch.Operations.Count == 0 && !request.More && isEqual != false && HoldsAll(have, callers))
            await directory.NoteSyncedAsync(accepted.Peer.BackendId, time.GetUtcNow(), cancellationToken);
        var response = new SyncResponse
        {
            Status = SyncResponse.Synced,
            SyncId = request.SyncId,
            ConversationsReceived = counts.Received,
            ConversationsMerged = counts.Merged,
            ConversationsUpdated = counts.Updated,
            ConversationsSkipped = counts.Skipped,
            OperationsApplied = counts.Operations,
            SourceBackendId = accepted.Exchange.OwnKey.Id,
            Timestamp = WireTime.Truncate(time.GetUtcNow()),
            Have = have,
            Tombstones = SyncWire.Tombstones(batch),
            Conversations = SyncWire.Conversations(batch),
            Withheld = SyncWire.Withheld(batch),
            Users = SyncScopes.Told(accepted.Peer, settings.Sync),

            // After a digest that did not fit it is not known what the caller lacks.
            More = batch.More || isEqual == false,
            Frames = SignedFrame.Version,
        };
        return accepted.Exchange.IsFramed
            ? HttpReply.Ok(FramedSync.Of(response, isEqual), MaestraJson.Compact.FramedSyncResponse)
            : HttpReply.Ok(response, MaestraJson.Compact.SyncResponse);
    }

    /// <summary>A caller's first request carries its vector alone: what this side lacks is yet to come.</summary>
    private static bool HoldsAll(IReadOnlyDictionary<string, long> own, IReadOnlyDictionary<string, long>? callers) =>
        callers is null || callers.All(one => own.GetValueOrDefault(one.Key) >= one.Value);

    private async Task WriteAsync(HttpContext context, HttpReply reply, SignedExchange exchange)
    {
        if (reply is not HttpReply.Json json)
        {
            await replies.WriteAsync(context, reply, exchange);
            return;
        }

        var takesBrotli = exchange.IsFramed || context.Request.Headers.AcceptEncoding.ToString().Contains(ContentCoding.Brotli, StringComparison.Ordinal);
        var (body, coding) = takesBrotli ? SyncBody.Encode(json.Body) : (json.Body, null);
        meter.SyncBytes("out", body.Length);
        await replies.WriteAsync(context, json.Status, body, coding, exchange);
    }

    /// <param name="equalTo">In a frame, in place of a vector.</param>
    private SyncRequest? TryParse(SignedRequestOutcome.Accepted accepted, out string? equalTo, out HttpReply? problem)
    {
        problem = null;
        equalTo = null;
        var body = accepted.Body.Span;
        try
        {
            if (accepted.Exchange.IsFramed && JsonSerializer.Deserialize(body, MaestraJson.Compact.FramedSyncRequest) is { } framed)
            {
                equalTo = framed.EqualTo;
                return FramedSync.Whole(framed, accepted.SignerId, accepted.Exchange.OwnKey.Id, time.GetUtcNow());
            }

            if (!accepted.Exchange.IsFramed && JsonSerializer.Deserialize(body, MaestraJson.Compact.SyncRequest) is { } request)
                return request;
            problem = Invalid("sync_id", "Field required");
        }
        catch (JsonException e)
        {
            problem = HttpReply.Invalid(
            [
                new ValidationError
                {
                    Type = ValidationErrorType.JsonInvalid,
                    Loc = [ErrorLocation.Body],
                    Msg = $"Body is no sync request at {e.Path ?? "$"} (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})",
                },
            ]);
        }

        return null;
    }

    private static HttpReply.Refused Invalid(string field, string why) => HttpReply.Invalid(
    [
        new ValidationError { Type = ValidationErrorType.ValueError, Loc = [ErrorLocation.Body, field], Msg = why },
    ]);

    private void Audit(HttpContext context, Peer peer, string code) => audit.Record(
        new AuditEvent(AuditEventName.SyncRefused, AuditOutcome.Refused, peer.BackendId, Routes.Sync)
        {
            RequestId = RequestState.Of(context).RequestId,
            Details = [AuditDetail.Of("code", code)],
        });
}
