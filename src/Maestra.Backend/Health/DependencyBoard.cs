using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Health;

/// <summary>How each configured dependency was when last probed: the only holder of that. Thread-safe.</summary>
internal sealed class DependencyBoard(SignalSettings settings)
{
    private const string Store = "conversation_hub";

    /// <summary>The store stands third, as in every health report since the first backend.</summary>
    private const int StorePlace = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _states = settings.Dependencies
        .Where(static dependency => dependency.Url is not null).ToDictionary(static dependency => dependency.Name, static _ => DependencyStatus.Unknown);

    public void Set(string name, bool isHealthy)
    {
        lock (_gate)
            _states[name] = isHealthy ? DependencyStatus.Healthy : DependencyStatus.Unhealthy;
    }

    /// <summary>All of them in a fixed order, with the store among them.</summary>
    public IReadOnlyDictionary<string, string> Report(bool storeIsUp)
    {
        var report = new Dictionary<string, string>();
        var names = settings.Dependencies.Select(static dependency => dependency.Name).ToList();
        if (names.Count == 0)
            names = ["jh_brain", "memory_hub", "deep_research"];
        names.Insert(StorePlace, Store);
        lock (_gate)
        {
            foreach (var name in names)
                report[name] = _states.GetValueOrDefault(name, DependencyStatus.NotConfigured);
        }

        report[Store] = storeIsUp ? DependencyStatus.Healthy : DependencyStatus.Unhealthy;
        return report;
    }
}
