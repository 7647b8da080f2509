namespace Maestra.Backend.Audit;

/// <summary>A place where audit records go. Called by one worker, one call at a time.</summary>
internal interface IAuditSink
{
    /// <summary>As in <c>AUDIT_SINKS</c>, and the label of its dropped records.</summary>
    string Name { get; }

    /// <summary>Delivers records, in order, all or none as far as the sink can. Not idempotent: a try whose answer is lost may deliver twice.</summary>
    /// <param name="records">At least one.</param>
    /// <returns>Null, or why it did not take them: for the operator, without address or token.</returns>
    Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken);
}
