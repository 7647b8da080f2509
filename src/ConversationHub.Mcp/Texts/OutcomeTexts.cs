using System.Globalization;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>What became of an attempt, in words that follow the name of the target.</summary>
internal static class OutcomeTexts
{
    /// <summary>Longest text of a backend repeated in ours, in characters.</summary>
    private const int MaxDetailCharacters = 400;

    internal static string Short(Attempt attempt) => attempt.Outcome switch
    {
        AttemptOutcome.Answered => "answered",
        AttemptOutcome.Refused => "refused the connection",
        AttemptOutcome.Unreachable => "could not be reached",
        AttemptOutcome.Dns => "has a host name that does not resolve",
        AttemptOutcome.ConnectTimeout => "did not accept the connection in time",
        AttemptOutcome.Tls => "offered no trusted TLS connection",
        AttemptOutcome.Identity => "is not the backend that was named",
        AttemptOutcome.HttpStatus => string.Create(CultureInfo.InvariantCulture, $"answered with status {attempt.Status}"),
        AttemptOutcome.Reset => "closed the connection before it replied",
        AttemptOutcome.Truncated => "broke off in the middle of its reply",
        AttemptOutcome.Malformed => "sent a reply that cannot be read",
        AttemptOutcome.Stalled => "stopped showing signs of life",
        AttemptOutcome.Deadline => "did not finish in its time",
        AttemptOutcome.Impostor => "is another service, not Maestra",
        AttemptOutcome.ErrorMode => "reported a failure",
        AttemptOutcome.Abandoned => "was given up because the other backend answered first",
        AttemptOutcome.SkippedOpen => "was skipped because it failed just before",
        AttemptOutcome.SkippedBudget => "was not asked because no time was left",
        _ => throw new ArgumentOutOfRangeException(nameof(attempt)),
    };

    /// <summary>Cause, code, milliseconds, and whether the question may have run there.</summary>
    internal static string Full(Attempt attempt)
    {
        var text = $"{attempt.Target.ToWire()} {Short(attempt)}";
        if (attempt.Code is { } code)
            text += $", {DisplayText.Quote(code)}";
        if (attempt.Detail is { Length: > 0 } detail && attempt.Outcome != AttemptOutcome.Answered && !Repeats(attempt, detail))
            text += $": {Detail(detail)}";
        text += string.Create(CultureInfo.InvariantCulture, $" ({Milliseconds(attempt.Elapsed)} ms)");
        return attempt.MayHaveRun ? $"{text}; the question may have run there" : text;
    }

    /// <summary>A cause that says again what the outcome says.</summary>
    private static bool Repeats(Attempt attempt, string detail) =>
        attempt.Outcome == AttemptOutcome.Refused && detail == "connection refused";

    /// <summary>A backend's words inside a sentence of ours: one line, cleaned, cut.</summary>
    internal static string Detail(string detail)
    {
        var clean = DisplayText.Clean(detail).Trim();
        if (clean.Length <= MaxDetailCharacters)
            return clean;
        var end = char.IsHighSurrogate(clean[MaxDetailCharacters - 1]) ? MaxDetailCharacters - 1 : MaxDetailCharacters;
        return $"{clean[..end]}…";
    }

    internal static long Milliseconds(TimeSpan elapsed) => (long)elapsed.TotalMilliseconds;
}
