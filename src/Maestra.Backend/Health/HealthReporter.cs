using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Identity;
using Maestra.Backend.Listening;
using Maestra.Backend.Settings;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Health;

/// <summary>Says how the backend is (wire.md §5). Reads memory only.</summary>
internal sealed class HealthReporter(
    IConversationStore store,
    BackendSettings settings,
    IdentityBoard identity,
    BoundAddress address,
    ProcessStart start,
    DependencyBoard dependencies,
    AuditParts audit,
    SyncBoard sync,
    TimeProvider time)
{
    private static readonly string[] WithoutSync = [Capability.Idempotency, Capability.Stream];
    private static readonly string[] WithSync = [Capability.Idempotency, Capability.Stream, Capability.Sync];

    /// <param name="tellsCount">Whether the caller may know how many conversations there are, and with whom they are exchanged.</param>
    public HealthReport Report(bool tellsCount)
    {
        identity.LookInBackground();
        var status = store.Status;

        // Looked at once: the state told must be that of the matrix beside it.
        var matrix = dependencies.Report(storeIsUp: status.Health != StoreHealthState.Unavailable);
        return new HealthReport
        {
            Status = Overall(status.Health, matrix),
            UptimeSeconds = (long)time.GetElapsedTime(start.Timestamp).TotalSeconds,
            Port = address.Port,
            Timestamp = time.GetUtcNow(),
            Dependencies = matrix,
            Mode = settings.ModeName,
            BackendId = identity.Current.Current.Id,
            Build = ProgramVersion.Text,
            Capabilities = store is ISyncStore ? WithSync : WithoutSync,
            Store = new StoreHealth
            {
                Kind = status.Kind,
                Conversations = tellsCount ? status.Conversations : null,
                LastCommit = status.LastCommit,
            },
            Peers = tellsCount && sync.Peers is { Count: > 0 } peers ? peers : null,
        };
    }

    private string Overall(StoreHealthState store, IReadOnlyDictionary<string, string> matrix) => store switch
    {
        StoreHealthState.Unavailable => HealthStatus.Unhealthy,
        StoreHealthState.Healthy when !matrix.Values.Contains(DependencyStatus.Unhealthy) && !audit.Queues.Any(static queue => queue.IsDropping) => HealthStatus.Healthy,
        _ => HealthStatus.Degraded,
    };
}

/// <summary><see cref="TimeProvider.GetTimestamp"/> at the start of the process.</summary>
internal sealed record ProcessStart(long Timestamp);
