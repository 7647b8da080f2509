namespace Maestra.Backend.Alerts;

/// <summary>How bad it is; each has a colour (wire.md §11).</summary>
internal enum AlertLevel
{
    Info,
    Warning,
    Error,
    Critical,
}

/// <summary>One message to the operator. Holds codes and numbers, never a user, a key or a message's text.</summary>
/// <param name="Title">What it is about; bounded by being one of the constants of <see cref="AlertTitle"/>.</param>
internal sealed record Alert(AlertLevel Level, string Title, string Text, IReadOnlyList<AlertField> Fields);

internal sealed record AlertField(string Title, string Value);

/// <summary>Every title there is.</summary>
internal static class AlertTitle
{
    public const string RequestFailed = "Request failed";
    public const string CostLimit = "Cost limit reached";
    public const string Started = "Backend started";
    public const string Stopping = "Backend stopping";
    public const string ErrorRate = "High error rate";
    public const string Latency = "High latency";
    public const string RecoveredPrefix = "Recovered: ";
}
