using System.Collections.Immutable;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Tests.Rig;

/// <summary>Tells the sample of wire.md §12 and keeps whether it was asked to refresh.</summary>
internal sealed class FakeHealthReader : IHealthReader
{
    public List<bool> Refreshes { get; } = [];

    /// <summary>What each read waits for.</summary>
    public Task Until { get; set; } = Task.CompletedTask;

    public HealthSnapshot Snapshot { get; set; } = Sample;

    public static HealthSnapshot Sample { get; } = new()
    {
        Active = TargetName.Cloud,
        Targets =
        [
            new TargetHealth
            {
                Name = TargetName.Local,
                Url = "http://127.0.0.1:8825",
                Status = TargetStatus.Unreachable,
                Breaker = BreakerState.Open,
                LastChange = new BreakerChange(BreakerState.Open, At(0), "refused"),
                CheckedAt = At(0),
                Detail = "connection refused",
            },
            new TargetHealth
            {
                Name = TargetName.Cloud,
                Url = "https://maestra.example.com",
                Status = TargetStatus.Healthy,
                Breaker = BreakerState.Closed,
                Latency = TimeSpan.FromMilliseconds(41),
                CheckedAt = At(-10),
                Cached = true,
                Version = "2.0.0",
            },
        ],
        Dependencies = ImmutableSortedDictionary<string, string>.Empty.Add("conversation_hub", "healthy"),
        Route = Route.LocalFirst,
        FallbackEnabled = true,
    };

    public async Task<HealthSnapshot> ReadAsync(bool refresh, CancellationToken cancellationToken)
    {
        Refreshes.Add(refresh);
        await Until.WaitAsync(cancellationToken);
        return Snapshot;
    }

    private static DateTimeOffset At(int seconds) => new DateTimeOffset(2026, 1, 5, 9, 30, 0, TimeSpan.Zero).AddSeconds(seconds);
}
