using ConversationHub.Contracts;

namespace Maestra.Backend.Audit;

/// <summary>The chain: the only holder of its last hash, from which every sink gets the same records in the same order.</summary>
internal sealed class AuditTrail : IAuditTrail
{
    private const int ChainBytes = 8;

    private readonly Lock _gate = new();
    private readonly IReadOnlyList<AuditQueue> _queues;
    private readonly TimeProvider _time;
    private readonly string _chain;
    private string _last;
    private long _seq;

    /// <param name="last">Hash of the last record that an earlier run left; <see cref="AuditRecord.NoHash"/> when there is none.</param>
    public AuditTrail(IReadOnlyList<AuditQueue> queues, string last, IdSource ids, TimeProvider time)
    {
        (_queues, _last, _time, _chain) = (queues, last, time, ids.NewHex(ChainBytes));
        foreach (var queue in queues)
            queue.WorksAgain = TellGaps;
    }

    public void Record(AuditEvent happened) => Record(happened, receipt: null);

    public Task<bool> RecordAsync(AuditEvent happened)
    {
        if (_queues.Count == 0)
            return Task.FromResult(true);
        var receipt = new AuditReceipt(_queues.Count);
        Record(happened, receipt);
        return receipt.Kept;
    }

    private void Record(AuditEvent happened, AuditReceipt? receipt)
    {
        // Queued under the lock too: a sink must see the records in the order of the chain.
        lock (_gate)
        {
            TellGaps_NeedsLock(isLast: happened.Name == AuditEventName.Shutdown);
            Chain_NeedsLock(happened, receipt, missing: null);
        }
    }

    private void TellGaps()
    {
        lock (_gate)
            TellGaps_NeedsLock(isLast: false);
    }

    private void TellGaps_NeedsLock(bool isLast)
    {
        foreach (var queue in _queues)
        {
            foreach (var gap in queue.Gaps.Take(isLast))
            {
                var told = new AuditEvent(AuditEventName.RecordsDropped, AuditOutcome.Failed, AuditEvent.System, queue.Name)
                {
                    Details = [AuditDetail.Of(AuditVerifier.FirstField, gap.First), AuditDetail.Of(AuditVerifier.LastField, gap.Last)],
                };
                Chain_NeedsLock(told, receipt: null, (queue.Name, gap));
            }
        }
    }

    private void Chain_NeedsLock(AuditEvent happened, AuditReceipt? receipt, (string Sink, AuditGap Gap)? missing)
    {
        var record = AuditRecord.Make(_chain, ++_seq, WireTime.Truncate(_time.GetUtcNow()), happened, _last) with { Receipt = receipt, Missing = missing };
        _last = record.Hash;
        foreach (var queue in _queues)
            queue.Offer(record);
    }
}
