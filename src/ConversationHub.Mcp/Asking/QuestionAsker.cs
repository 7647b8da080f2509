using ConversationHub.Contracts;
using ConversationHub.Mcp.Settings;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// Makes what exists once for each question (operation id, request id, conversation id, budget) and hands it to the
/// router. Thread-safe.
/// </summary>
internal sealed class QuestionAsker(IQuestionRouter router, KeptConversations kept, IdSource ids, TimeProvider time, HubSettings settings)
{
    private const string MarkedCause = "the conversation is marked local_only";

    internal OperationId NewOperationId() => ids.NewOperationId();

    internal RequestId NewRequestId() => ids.NewRequestId();

    /// <summary>The user a question is asked for when the call names none.</summary>
    internal string UserOf(string? argument) => argument ?? settings.UserId;

    internal string SurfaceOf(string? argument, string? clientName) =>
        argument ?? SurfaceName.Of(settings.SurfaceId, clientName);

    /// <summary>The conversation named, or the one that every backend would make for this operation.</summary>
    internal string ConversationOf(string? argument, OperationId operation, string userId) =>
        argument ?? GeneratedConversationId.Create(operation, userId, time.GetUtcNow()).ToString();

    /// <param name="isNamed">False for a conversation that this question begins: nobody can have marked it.</param>
    internal async Task<RoutingResult> AskAsync(
        AskEndpoint endpoint,
        byte[] body,
        OperationId operation,
        RequestId request,
        string conversation,
        bool isNamed,
        Route? route,
        ToolCall call,
        CancellationToken cancellationToken)
    {
        var wasKept = await kept.HasAsync(conversation, cancellationToken);
        var question = new Question
        {
            Endpoint = endpoint,
            Body = body,
            OperationId = operation,
            RequestId = request,
            // Whatever the call says: an argument may narrow what the owner allows, and never widen it.
            Route = wasKept == false ? route : Route.LocalOnly,
            RouteCause = wasKept switch
            {
                true => MarkedCause,
                null => "whether the conversation is marked local_only could not be read from the disk",
                false => null,
            },
            WhyKeptLocal = () => kept.IsToldKept(conversation) ? MarkedCause : null,

            // The cloud may win each hedge, and then the word of the local backend would never be heard.
            MayHedge = !isNamed || kept.IsToldOpen(conversation),
            Budget = CallBudget.Left(
                CallBudget.Of(settings.Timeout, call.SendProgress is not null, call.ClientName),
                call.ReceivedAt is { } received ? time.GetElapsedTime(received) : TimeSpan.Zero),
            Trace = call.Trace,
        };
        var result = await RouteAsync(question, call, cancellationToken);
        if (result is { ServedBy: TargetName.Local, Reply: { } reply })
            kept.Learn(conversation, wasKept, reply.IsLocalOnly);
        return result;
    }

    private async Task<RoutingResult> RouteAsync(Question question, ToolCall call, CancellationToken cancellationToken)
    {
        if (call.SendProgress is null)
            return await router.AskAsync(question, cancellationToken);

        await using var progress = new ProgressReporter(call.SendProgress, time, cancellationToken);
        return await router.AskAsync(question with { Progress = progress }, cancellationToken);
    }
}
