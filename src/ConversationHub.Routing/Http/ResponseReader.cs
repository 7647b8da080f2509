using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>Turns a status and a body into a closed outcome (wire.md §5, §7). Pure: any bytes give an outcome, none an exception.</summary>
internal static class ResponseReader
{
    private const int MaxDetailCharacters = 500;
    private const int MaxCodeLength = 64;

    /// <param name="status">HTTP status.</param>
    /// <param name="isJson">The media type says JSON.</param>
    /// <param name="body">All of the body.</param>
    /// <param name="endpoint">Decides what a good answer looks like.</param>
    /// <param name="retryAfter">From the header.</param>
    public static AttemptResult Read(
        int status, bool isJson, ReadOnlyMemory<byte> body, AskEndpoint endpoint, TimeSpan? retryAfter)
    {
        var root = JsonObjectReader.TryParse(body);
        if (status != 200)
            return ReadFailure(status, root, retryAfter);
        if (!isJson)
            return new(AttemptOutcome.Impostor) { Status = status, Detail = "answered, but not with JSON" };
        if (root is not { } answer)
            return new(AttemptOutcome.Malformed) { Status = status, Detail = "the reply is not a JSON object" };
        return ReadAnswer(answer, endpoint, status);
    }

    private static AttemptResult ReadAnswer(JsonElement answer, AskEndpoint endpoint, int status)
    {
        var text = JsonObjectReader.Text(answer, endpoint == AskEndpoint.Core ? "reply" : "answer");
        var conversation = JsonObjectReader.Text(answer, endpoint == AskEndpoint.Core ? "conversation_id" : "session_id");
        var mode = JsonObjectReader.Text(answer, "mode");
        if (mode == WireFormat.ErrorMode)
            return new(AttemptOutcome.ErrorMode) { Status = status, Detail = Shorten(text) };
        if (text is null || conversation is null || (mode is null && endpoint == AskEndpoint.Core))
            return new(AttemptOutcome.Impostor) { Status = status, Detail = "answered, but not as Maestra does" };
        return new(AttemptOutcome.Answered)
        {
            Status = status,
            Reply = new Reply(text, conversation, mode, JsonObjectReader.Text(answer, "source"), answer),
        };
    }

    /// <summary>What a status other than 200 says.</summary>
    public static AttemptResult ReadFailure(int status, JsonElement? root, TimeSpan? retryAfter)
    {
        var detail = root is { } problem && problem.TryGetProperty("detail", out var value) ? DetailText(value) : null;
        var result = new AttemptResult(AttemptOutcome.HttpStatus)
        {
            Status = status,
            Code = root is { } body && JsonObjectReader.Text(body, "code") is { } code && IsCode(code) ? code : null,
            Detail = detail,
            IsProblem = detail is not null,
            RetryAfter = retryAfter,
        };
        return FailureTable.OutcomeOf(result) == AttemptOutcome.Impostor
            ? result with { Outcome = AttemptOutcome.Impostor, Detail = $"answered {status}, but not as Maestra does" }
            : result;
    }

    /// <summary>Anything else is no code of wire.md §7, and goes into a result at full length.</summary>
    private static bool IsCode(string text) =>
        text.Length is > 0 and <= MaxCodeLength && text.All(static one => char.IsAsciiLetterLower(one) || char.IsAsciiDigit(one) || one == '_');

    private static string? DetailText(JsonElement detail)
    {
        switch (detail.ValueKind)
        {
            case JsonValueKind.String:
                return Shorten(detail.GetString());
            case JsonValueKind.Array:
                var lines = new StringBuilder();
                foreach (var error in detail.EnumerateArray())
                {
                    if (error.ValueKind != JsonValueKind.Object || lines.Length > MaxDetailCharacters)
                        continue;
                    if (lines.Length > 0)
                        lines.Append("; ");
                    if (error.TryGetProperty("loc", out var loc) && loc.ValueKind == JsonValueKind.Array)
                        lines.AppendJoin('.', loc.EnumerateArray().Select(static part => part.ToString())).Append(": ");
                    lines.Append(JsonObjectReader.Text(error, "msg") ?? "invalid");
                }

                return Shorten(lines.ToString());
            default:
                return null;
        }
    }

    private static string? Shorten(string? text)
    {
        if (text is null || text.Length <= MaxDetailCharacters)
            return text;
        var cut = char.IsHighSurrogate(text[MaxDetailCharacters - 1]) ? MaxDetailCharacters - 1 : MaxDetailCharacters;
        return string.Concat(text.AsSpan(0, cut), "…");
    }
}
