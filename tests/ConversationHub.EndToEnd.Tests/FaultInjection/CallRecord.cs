using System.Text.Json.Nodes;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>What the caller was told of one question.</summary>
/// <param name="ServedBy">Null: no answer.</param>
/// <param name="ToldOf">The targets whose attempt was reported as one that may have run.</param>
/// <param name="Refusals">The targets that said plainly that they made no reply (502, 503, 504).</param>
/// <param name="Abandoned">Another backend, asked as well by a hedge, answered first.</param>
internal sealed record CallRecord(
    string Message, string OperationId, string? ServedBy, string Answer, bool MayHaveRun, IReadOnlySet<string> ToldOf, IReadOnlySet<string> Refusals,
    bool Abandoned)
{
    public static CallRecord Read(string message, JsonObject result)
    {
        var structured = result.Structured();
        var attempts = structured["attempts"]!.AsArray().Select(attempt => attempt!.AsObject()).ToList();
        return new CallRecord(
            message, structured.String("operation_id")!, structured.String("served_by"), structured.String("answer") ?? "", structured.Bool("may_have_run"),
            attempts.Where(attempt => attempt.Bool("may_have_run")).Select(attempt => attempt.String("target")!).ToHashSet(),
            attempts.Where(attempt => attempt["status"]?.GetValue<int>() is 502 or 503 or 504).Select(attempt => attempt.String("target")!).ToHashSet(),
            attempts.Exists(attempt => attempt.String("outcome") == "abandoned"));
    }
}
