using System.Text;
using Maestra.Backend.Outside;

namespace Maestra.Backend.Audit;

/// <summary>A POST of each record to an address of the operator's.</summary>
internal sealed class WebhookSink(HttpClient client, Uri url) : IAuditSink, IDisposable
{
    public string Name => "webhook";

    public async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        foreach (var record in records)
        {
            if (await client.PostAsync(url, Encoding.UTF8.GetBytes(record.Json), authorization: null, cancellationToken) is { } reason)
                return reason;
        }

        return null;
    }

    public void Dispose() => client.Dispose();
}
