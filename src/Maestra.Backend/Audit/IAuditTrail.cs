namespace Maestra.Backend.Audit;

/// <summary>Takes what must be accounted for. Injected wherever such things happen.</summary>
internal interface IAuditTrail
{
    /// <summary>Chains the event to all before it and hands it to every sink's queue. Thread-safe; never blocks on a sink and never fails.</summary>
    void Record(AuditEvent happened);

    /// <summary>The same for what must not be taken for accounted too early.</summary>
    /// <returns>True as soon as one sink has the record, or where there is none; false when all have dropped it. No request may wait for it.</returns>
    Task<bool> RecordAsync(AuditEvent happened);
}
