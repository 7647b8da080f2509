using System.Globalization;
using ConversationHub.Mcp.Asking;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>Progress as a person reads it while waiting.</summary>
internal static class ProgressTexts
{
    /// <param name="latest">Which target is asked, and which was given up; null: none yet.</param>
    /// <param name="streamed">What has come of a streamed reply; it may be another target's than the last one asked.</param>
    /// <param name="isInLine">It has no place among those that are asked yet.</param>
    /// <param name="elapsed">Since the call began.</param>
    internal static string Of(RoutingProgress? latest, StreamedText? streamed, bool isInLine, TimeSpan elapsed)
    {
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:0} s");
        var doing = (latest, streamed) switch
        {
            (_, { } text) => $"{text.From.ToWire()} is answering, {seconds}: {Shown(text)}",
            ({ } asked, null) => $"{asked.Asking.ToWire()} is thinking, {seconds}",
            _ when isInLine => $"waiting in line behind {QuestionGate.MaxAtWork} questions, {seconds}",
            _ => $"asking, {seconds}",
        };
        return latest?.GaveUpOn is { } failed ? $"{failed.Target.ToWire()} {OutcomeTexts.Short(failed)}; {doing}" : doing;
    }

    private static string Shown(StreamedText text) =>
        $"{(text.IsCut ? "…" : "")}{DisplayText.Clean(text.End).Trim()}";
}
