using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>What stands below an answer: who gave it, and what was left out.</summary>
internal static class AnswerTexts
{
    internal const string ExtrasLeftOut = "[Something the backend sent beside the answer was too large and is left out.]";

    /// <summary>One line, such as <c>[answered by cloud in 432 ms; local refused the connection; conversation c1]</c>.</summary>
    internal static string Provenance(RoutingResult result, string conversationId)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture,
            $"[answered by {result.ServedBy?.ToWire()} in {OutcomeTexts.Milliseconds(result.Elapsed)} ms");
        foreach (var attempt in Others(result))
        {
            line.Append(CultureInfo.InvariantCulture, $"; {attempt.Target.ToWire()} {OutcomeTexts.Short(attempt)}");
            if (attempt.MayHaveRun)
                line.Append(" and may have run the question too");
        }

        if (result.Degraded && !Others(result).Any())
            line.Append("; it calls itself degraded");
        if (result.Reply?.IsStale is true)
            line.Append("; it may not know what was said elsewhere since it last synced");
        return line.Append(CultureInfo.InvariantCulture, $"; conversation {conversationId}]").ToString();
    }

    /// <summary>How much is missing, and where the whole answer is.</summary>
    internal static string Cut(int missingBytes, int totalBytes, string conversationId, TargetName? servedBy) => string.Create(
        CultureInfo.InvariantCulture,
        $"\n\n[The answer was cut here: {missingBytes} of {totalBytes} bytes are missing. The whole of it is in the conversation: read the resource {ConversationUri.List}/{conversationId}, or GET /conversations/{conversationId} at the {servedBy?.ToWire()} backend.]");

    private static IEnumerable<Attempt> Others(RoutingResult result) =>
        (result.Attempts.IsDefault ? ImmutableArray<Attempt>.Empty : result.Attempts)
            .Where(attempt => attempt.Outcome != AttemptOutcome.Answered);
}
