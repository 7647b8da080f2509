namespace Maestra.Backend.Alerts;

/// <summary>Something that may call for an alert.</summary>
internal abstract record AlertSignal
{
    private AlertSignal()
    {
    }

    /// <summary>An ask is finished.</summary>
    public sealed record AskFinished(int Status, double LatencyMs) : AlertSignal;

    /// <summary>A request of any kind ended with a status of 500 or more.</summary>
    public sealed record RequestFailed(int Status, string Code, string RequestId) : AlertSignal;

    /// <param name="Limit">Which limit, such as <c>daily</c>, and what it is.</param>
    public sealed record CostLimited(string Limit) : AlertSignal;

    public sealed record Started(string Mode, string Version, string BackendId) : AlertSignal;

    public sealed record Stopping(string BackendId) : AlertSignal;

    /// <summary>Time to look at rates and means, and at what has become quiet.</summary>
    public sealed record Tick : AlertSignal;
}
