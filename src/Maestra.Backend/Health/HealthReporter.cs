using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Identity;
using Maestra.Backend.Listening;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Health;

/// <summary>Says how the backend is (wire.md §5). Reads memory only.</summary>
internal sealed class HealthReporter(
    IConversationStore store, BackendSettings settings, BackendIdentity identity, BoundAddress address, ProcessStart start, TimeProvider time)
{
    /// <param name="tellsCount">Whether the caller may know how many conversations there are.</param>
    public HealthReport Report(bool tellsCount)
    {
        var status = store.Status;
        return new HealthReport
        {
            Status = status.Health switch
            {
                StoreHealthState.Healthy => HealthStatus.Healthy,
                StoreHealthState.Degraded => HealthStatus.Degraded,
                _ => HealthStatus.Unhealthy,
            },
            UptimeSeconds = (long)time.GetElapsedTime(start.Timestamp).TotalSeconds,
            Port = address.Port,
            Timestamp = time.GetUtcNow(),
            Dependencies = new Dictionary<string, string>
            {
                ["jh_brain"] = DependencyStatus.NotConfigured,
                ["memory_hub"] = DependencyStatus.NotConfigured,
                ["conversation_hub"] = status.Health == StoreHealthState.Unavailable ? DependencyStatus.Unhealthy : DependencyStatus.Healthy,
                ["deep_research"] = DependencyStatus.NotConfigured,
            },
            Mode = settings.ModeName,
            BackendId = identity.Id,
            Build = ProgramVersion.Text,
            Capabilities = [Capability.Idempotency, Capability.Stream],
            Store = new StoreHealth
            {
                Kind = status.Kind,
                Conversations = tellsCount ? status.Conversations : null,
                LastCommit = status.LastCommit,
            },
        };
    }
}

/// <summary><see cref="TimeProvider.GetTimestamp"/> at the start of the process.</summary>
internal sealed record ProcessStart(long Timestamp);
