using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Texts;

/// <summary>What a model reads when a question was not answered. Complete: some clients show it nothing else.</summary>
internal static class FailureTexts
{
    internal const string HubFault =
        "The hub failed in a way it should not. Nothing is known about the question; ask maestra_health, then ask again. The hub's log on stderr names the cause.";

    internal static readonly string TooManyQuestions =
        $"{QuestionGate.MaxAtWork} questions are being asked through this hub and {QuestionGate.MaxInLine} more wait for their turn.";

    /// <summary>Cause, each attempt, whether it may have run, the conversation, what to do next.</summary>
    internal static string Of(RoutingResult result, string conversationId)
    {
        var error = result.Error!;
        var text = new StringBuilder($"The question was not answered: {OutcomeTexts.Detail(error.Detail)} (`{DisplayText.Clean(error.Code)}`)");
        foreach (var attempt in result.Attempts)
            text.Append("\n- ").Append(OutcomeTexts.Full(attempt));
        text.Append('\n').Append(WhatBecameOfIt(result));
        text.Append("\nConversation: ").Append(conversationId);
        text.Append("\nNext: ").Append(NextStep(error));
        return text.ToString();
    }

    /// <summary>Of a question that was given up because the server went, and not for anything a backend did.</summary>
    /// <param name="why">A sentence.</param>
    internal static string GivenUp(string why, OperationId operation, string conversationId) =>
        $"{why} {MayHaveRun}\nmay_have_run: true, operation_id: {operation}\nConversation: {conversationId}\nNext: {LookFirst}";

    private const string MayHaveRun = "The question may have run all the same, and its answer may already stand in the conversation.";

    private const string LookFirst = "look whether the conversation already holds the answer, then ask again with the same conversation_id.";

    private static string WhatBecameOfIt(RoutingResult result)
    {
        if (result.MayHaveRun)
            return MayHaveRun;
        return result.Attempts.Any(static attempt => attempt.Status is 502 or 504)
            ? "No answer was stored anywhere; the question itself may stand in the conversation."
            : "The question did not run anywhere.";
    }

    private static string NextStep(RoutingError error)
    {
        var step = error.Code switch
        {
            RoutingErrorCode.NoTargetAllowed =>
                "leave out `route`, or ask the owner to set MAESTRA_CLOUD_URL or MAESTRA_FALLBACK_ENABLED.",
            QuestionAsker.TooManyQuestions =>
                "wait until some of them are answered, or cancel them, then ask again with the same conversation_id.",
            RoutingErrorCode.DeadlineExceeded => LookFirst,
            ProblemCode.InvalidApiKey => "ask the owner to set MAESTRA_API_KEY or MAESTRA_API_KEY_FILE to a valid key.",
            ProblemCode.UserMismatch => "leave out `user_id`, or use the user that the key belongs to.",
            ProblemCode.ConversationErased => "ask without conversation_id, or with a new one.",
            ProblemCode.ConversationFull => "go on in a new conversation: ask without conversation_id.",
            ProblemCode.IdempotencyMismatch => "ask again; the hub uses a new operation id for each call.",
            ProblemCode.RateLimited or ProblemCode.CostLimitExceeded => "wait, then ask again with the same conversation_id.",
            RoutingErrorCode.AllTargetsFailed or _ when IsOutage(error.Code) =>
                "call maestra_health to see what is down; start the local backend with `maestra-backend serve`, or wait, then ask again with the same conversation_id.",
            _ => "correct what the backend names, then ask again.",
        };
        return error.RetryAfterSeconds is { } seconds
            ? string.Create(CultureInfo.InvariantCulture, $"{step} It may be tried again in {seconds} s.")
            : step;
    }

    private static bool IsOutage(string code) => code is
        RoutingErrorCode.AllTargetsFailed or ProblemCode.InternalError or ProblemCode.StoreFailed or
        ProblemCode.ProviderFailed or ProblemCode.StoreUnavailable or ProblemCode.Overloaded or
        ProblemCode.ProviderBusy or ProblemCode.ShuttingDown or ProblemCode.RequestTimeout;
}
