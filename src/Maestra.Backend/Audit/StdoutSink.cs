namespace Maestra.Backend.Audit;

/// <summary>Standard output, one record a line: where containers collect it.</summary>
internal sealed class StdoutSink(Stream output) : IAuditSink
{
    public string Name => "stdout";

    public async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        try
        {
            await output.WriteAsync(AuditLines.Of(records), cancellationToken);
            await output.FlushAsync(cancellationToken);
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }
}
