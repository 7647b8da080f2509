using System.Globalization;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>Progress as a person reads it while waiting.</summary>
internal static class ProgressTexts
{
    internal static string Of(RoutingProgress? latest, TimeSpan elapsed)
    {
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{(int)elapsed.TotalSeconds} s");
        return latest switch
        {
            null => $"asking, {seconds}",
            { GaveUpOn: { } failed } =>
                $"{failed.Target.ToWire()} {OutcomeTexts.Short(failed)}; {latest.Asking.ToWire()} is thinking, {seconds}",
            _ => $"{latest.Asking.ToWire()} is thinking, {seconds}",
        };
    }
}
