using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Outside;

namespace Maestra.Backend.Audit;

/// <summary>Splunk's HTTP Event Collector (wire.md §11; Splunk, "Format events for HTTP Event Collector").</summary>
/// <param name="host">Told as the event's host.</param>
internal sealed class SplunkSink(HttpClient client, Uri url, string token, string host) : IAuditSink, IDisposable
{
    private const decimal MillisecondsPerSecond = 1000;

    private readonly string _authorization = $"Splunk {token}";

    public string Name => "splunk";

    public async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        foreach (var record in records)
        {
            if (await client.PostAsync(url, Body(record), _authorization, cancellationToken) is { } reason)
                return reason;
        }

        return null;
    }

    public void Dispose() => client.Dispose();

    private byte[] Body(AuditRecord record) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["time"] = record.Timestamp.ToUnixTimeMilliseconds() / MillisecondsPerSecond,
        ["host"] = host,
        ["source"] = WireFormat.ServiceName,
        ["sourcetype"] = "maestra:audit",
        ["event"] = JsonNode.Parse(record.Json),
    }.ToJsonString());
}
