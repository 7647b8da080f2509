using ConversationHub.Contracts;

namespace Maestra.Backend.Audit;

/// <summary>The chain: the only holder of its last hash, from which every sink gets the same records in the same order.</summary>
/// <param name="last">Hash of the last record that an earlier run left; <see cref="AuditRecord.NoHash"/> when there is none.</param>
internal sealed class AuditTrail(IReadOnlyList<AuditQueue> queues, string last, IdSource ids, TimeProvider time) : IAuditTrail
{
    private const int ChainBytes = 8;

    private readonly Lock _gate = new();
    private readonly string _chain = ids.NewHex(ChainBytes);
    private string _last = last;
    private long _seq;

    public void Record(AuditEvent happened)
    {
        // Queued under the lock too: a sink must see the records in the order of the chain.
        lock (_gate)
        {
            var record = AuditRecord.Make(_chain, ++_seq, WireTime.Truncate(time.GetUtcNow()), happened, _last);
            _last = record.Hash;
            foreach (var queue in queues)
                queue.Offer(record);
        }
    }
}
