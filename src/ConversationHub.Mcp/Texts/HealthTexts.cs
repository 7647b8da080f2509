using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>The state of the backends, as a person reads it.</summary>
internal static class HealthTexts
{
    internal static string Of(HealthSnapshot snapshot)
    {
        var text = new StringBuilder();
        text.Append(snapshot.Active is { } active
            ? $"Active: {active.ToWire()}."
            : "Active: none; a question would fail now.");
        text.Append(CultureInfo.InvariantCulture, $" Route {snapshot.Route.ToWire()}, fallback to the cloud {(snapshot.FallbackEnabled ? "allowed" : "not allowed")}.");
        foreach (var target in snapshot.Targets)
            AppendTarget(text, target);
        if (snapshot.Dependencies.Count > 0)
        {
            text.Append("\nDependencies of the active backend: ");
            text.AppendJoin(", ", snapshot.Dependencies.Select(d => $"{DisplayText.Clean(d.Key)} {DisplayText.Clean(d.Value)}"));
        }

        return text.ToString();
    }

    private static void AppendTarget(StringBuilder text, TargetHealth target)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n- {target.Name.ToWire()}");
        text.Append(target.Url is { } url ? $" at {url}" : ", not found yet");
        text.Append(CultureInfo.InvariantCulture, $": {target.Status.ToWire()}");
        if (target.Detail is { Length: > 0 } detail)
            text.Append(CultureInfo.InvariantCulture, $" ({OutcomeTexts.Detail(detail)})");
        if (target.Latency is { } latency)
            text.Append(CultureInfo.InvariantCulture, $", {OutcomeTexts.Milliseconds(latency)} ms");
        if (target.Version is { } version)
            text.Append(CultureInfo.InvariantCulture, $", version {OutcomeTexts.Detail(version)}");
        text.Append(CultureInfo.InvariantCulture, $", breaker {target.Breaker.ToWire()}");
        if (target.LastChange is { } change)
            text.Append(CultureInfo.InvariantCulture, $" since {WireTime.Format(change.At)} ({change.Cause})");
        if (target.CheckedAt is { } checkedAt)
            text.Append(CultureInfo.InvariantCulture, $", checked {WireTime.Format(checkedAt)}{(target.Cached ? " (cached)" : "")}");
    }
}
