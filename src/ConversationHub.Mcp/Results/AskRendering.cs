using System.Buffers;
using System.Text;
using System.Text.Json;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Results;

/// <summary>
/// Turns a report into the two forms of a result, each complete without the other, since no server knows which one a
/// client shows its model (mcp.md §2).
/// </summary>
internal static class AskRendering
{
    /// <summary>Room kept for the note about a cut, in bytes.</summary>
    private const int CutNoteBytes = 512;

    /// <summary>An answer up to this long hardly ever needs a cut, so it is written at once and measured then.</summary>
    private const int ShortAnswerCharacters = 16 * 1024;

    internal static CallToolResult Render(AskReport report)
    {
        var failed = report.Result.Reply is null;
        return new CallToolResult
        {
            IsError = failed,
            Content = [new TextContentBlock { Text = failed ? FailureText(report) : AnswerText(report) }],
            StructuredContent = Structured(report),
        };
    }

    private static string FailureText(AskReport report) => report.Result.Error!.Code == AskReport.InvalidArguments
        ? report.Result.Error.Detail
        : FailureTexts.Of(report.Result, report.EffectiveConversationId);

    private static string AnswerText(AskReport report)
    {
        var provenance = AnswerTexts.Provenance(report.Result, report.EffectiveConversationId);
        var room = OutputCap.MaxBytes - Encoding.UTF8.GetByteCount(provenance) - 2;
        return $"{Capped(report, room, asJson: false)}\n\n{provenance}";
    }

    private static string Capped(AskReport report, int room, bool asJson)
    {
        var answer = report.Result.Reply!.Answer;
        if (OutputCap.Beginning(answer, room, asJson).Length == answer.Length)
            return answer;
        var kept = OutputCap.Beginning(answer, room - CutNoteBytes, asJson);
        var total = Encoding.UTF8.GetByteCount(answer);
        var missing = total - Encoding.UTF8.GetByteCount(kept);
        return kept + AnswerTexts.Cut(missing, total, report.EffectiveConversationId, report.Result.ServedBy);
    }

    private static JsonElement Structured(AskReport report)
    {
        if (report.Result.Reply is { Answer.Length: <= ShortAnswerCharacters } reply)
        {
            var whole = Write(report, reply.Answer, out var extrasLeftOut);
            if (!extrasLeftOut && whole.WrittenCount <= OutputCap.MaxBytes - (2 * CutNoteBytes))
                return JsonElement.Parse(whole.WrittenSpan);
        }

        // Written once without the answer to learn how much room the rest leaves.
        var frame = Write(report, "", out var leftOut);
        var room = OutputCap.MaxBytes - frame.WrittenCount;
        var answer = report.Result.Reply is null ? FailureText(report) : Capped(report, room - CutNoteBytes, asJson: true);
        if (leftOut)
            answer = $"{answer}\n\n{AnswerTexts.ExtrasLeftOut}";
        return JsonElement.Parse(Write(report, answer, out _).WrittenSpan);
    }

    private static ArrayBufferWriter<byte> Write(AskReport report, string answer, out bool leftOut)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Stdio.WireEncoding.Encoder });
        var (result, reply) = (report.Result, report.Result.Reply);
        writer.WriteStartObject();
        writer.WriteString("answer", answer);
        writer.WriteString("conversation_id", report.EffectiveConversationId);
        writer.WriteString("served_by", result.ServedBy?.ToWire());
        writer.WriteString("mode", Clean(reply?.Mode));
        writer.WriteString("source", Clean(reply?.Source));
        writer.WriteBoolean("degraded", result.Degraded);
        writer.WriteBoolean("may_have_run", result.MayHaveRun);
        WriteAttempts(writer, result);
        writer.WriteNumber("elapsed_ms", OutcomeTexts.Milliseconds(result.Elapsed));
        writer.WriteString("request_id", report.RequestId.ToString());
        writer.WriteString("operation_id", report.OperationId.ToString());
        leftOut = Extras.Write(writer, "artifacts", reply?.Member("artifacts", JsonValueKind.Array), JsonValueKind.Array);
        leftOut |= Extras.Write(writer, "actions", reply?.Member("actions", JsonValueKind.Array), JsonValueKind.Array);
        leftOut |= Extras.Write(writer, "meta", reply?.Member("meta", JsonValueKind.Object), JsonValueKind.Object);
        if (report.Legacy)
            leftOut |= WriteLegacy(writer, report);
        WriteError(writer, result.Error);
        writer.WriteEndObject();
        writer.Flush();
        return buffer;
    }

    private static void WriteAttempts(Utf8JsonWriter writer, RoutingResult result)
    {
        writer.WriteStartArray("attempts");
        foreach (var attempt in result.Attempts)
        {
            writer.WriteStartObject();
            writer.WriteString("target", attempt.Target.ToWire());
            writer.WriteString("outcome", attempt.Outcome.ToWire());
            if (attempt.Status is { } status)
                writer.WriteNumber("status", status);
            else
                writer.WriteNull("status");
            writer.WriteNumber("ms", OutcomeTexts.Milliseconds(attempt.Elapsed));
            writer.WriteString("code", Clean(attempt.Code));
            writer.WriteBoolean("may_have_run", attempt.MayHaveRun);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static bool WriteLegacy(Utf8JsonWriter writer, AskReport report)
    {
        var reply = report.Result.Reply;
        writer.WriteString("session_id", report.EffectiveConversationId);
        writer.WriteString("trace_id", Clean(reply?.Member("trace_id", JsonValueKind.String)?.GetString()));
        writer.WriteString("job_id", Clean(reply?.Member("job_id", JsonValueKind.String)?.GetString()));
        var leftOut = Extras.Write(writer, "sources", reply?.Member("sources", JsonValueKind.Array), JsonValueKind.Array);
        if (reply?.Member("processing_time_ms", JsonValueKind.Number) is { } number && number.TryGetInt64(out var milliseconds))
            writer.WriteNumber("processing_time_ms", milliseconds);
        else
            writer.WriteNull("processing_time_ms");
        return leftOut;
    }

    private static void WriteError(Utf8JsonWriter writer, RoutingError? error)
    {
        if (error is null)
        {
            writer.WriteNull("error");
            return;
        }

        writer.WriteStartObject("error");
        writer.WriteString("code", DisplayText.Clean(error.Code));
        writer.WriteString("detail", OutcomeTexts.Detail(error.Detail));
        if (error.RetryAfterSeconds is { } seconds)
            writer.WriteNumber("retry_after_seconds", seconds);
        else
            writer.WriteNull("retry_after_seconds");
        writer.WriteEndObject();
    }

    private static string? Clean(string? text) => text is null ? null : OutcomeTexts.Detail(text);
}
