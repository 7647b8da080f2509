namespace Maestra.Backend.Audit;

/// <summary>Takes what must be accounted for. Injected wherever such things happen.</summary>
internal interface IAuditTrail
{
    /// <summary>Chains the event to all before it and hands it to every sink's queue. Thread-safe; never blocks on a sink and never fails.</summary>
    void Record(AuditEvent happened);
}
