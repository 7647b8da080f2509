using System.Globalization;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>Progress as a person reads it while waiting.</summary>
internal static class ProgressTexts
{
    internal static string Of(RoutingProgress? latest, bool answering, TimeSpan elapsed)
    {
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{(int)elapsed.TotalSeconds} s");
        if (latest is null)
            return $"asking, {seconds}";
        var doing = $"{latest.Asking.ToWire()} is {(answering ? "answering" : "thinking")}, {seconds}";
        return latest.GaveUpOn is { } failed ? $"{failed.Target.ToWire()} {OutcomeTexts.Short(failed)}; {doing}" : doing;
    }
}
