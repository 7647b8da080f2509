using ConversationHub.Contracts;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// Makes what exists once for each question (operation id, request id, conversation id, budget) and hands it to the
/// router when it has a place. Thread-safe.
/// </summary>
internal sealed class QuestionAsker(
    IQuestionRouter router, KeptConversations kept, QuestionGate gate, IdSource ids, TimeProvider time, HubSettings settings)
{
    /// <summary>The code of a question that was refused because too many are being asked.</summary>
    internal const string TooManyQuestions = "too_many_questions";

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
        var received = call.ReceivedAt ?? time.GetTimestamp();
        var budget = CallBudget.Of(settings.Timeout, call.SendProgress is not null, call.ClientName);
        var question = new Question
        {
            Endpoint = endpoint,
            Body = body,
            OperationId = operation,
            RequestId = request,
            Route = route,
            WhyKeptLocal = () => kept.IsToldKept(conversation) ? MarkedCause : null,
            MayHedge = !isNamed,
            Budget = CallBudget.Spent,
            Trace = call.Trace,
        };
        TimeSpan Left() => CallBudget.Left(budget, time.GetElapsedTime(received));

        await using var progress = call.SendProgress is { } send ? new ProgressReporter(send, time, cancellationToken) : null;
        var came = time.GetTimestamp();
        var entering = gate.EnterAsync(Left(), cancellationToken);
        var isInLine = !entering.IsCompleted;
        progress?.IsInLine = isInLine;
        var entry = await entering;
        var waited = isInLine ? time.GetElapsedTime(came) : TimeSpan.Zero;
        progress?.IsInLine = false;
        var result = entry switch
        {
            QuestionGate.Entry.LineIsFull => NotAsked,

            // Nobody is asked with so little, and the router says so of each backend.
            QuestionGate.Entry.TimeIsSpent => await router.AskAsync(question, cancellationToken),
            _ => await AskInPlaceAsync(question with { Progress = progress }, conversation, Left, cancellationToken),
        };
        return result with { Elapsed = result.Elapsed + waited };
    }

    private static RoutingResult NotAsked { get; } = new()
    {
        Error = new RoutingError(TooManyQuestions, FailureTexts.TooManyQuestions, null),
        Attempts = [],
        Elapsed = TimeSpan.Zero,
    };

    private async Task<RoutingResult> AskInPlaceAsync(Question question, string conversation, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        try
        {
            var wasKept = await IsKeptAsync(conversation, left(), cancellationToken);
            var result = await RouteAsync(
                question with
                {
                    // Whatever the call says: an argument may narrow what the owner allows, and never widen it.
                    Route = wasKept == false ? question.Route : Route.LocalOnly,
                    RouteCause = wasKept switch
                    {
                        true => MarkedCause,
                        null => "whether the conversation is marked local_only could not be read from the disk",
                        false => null,
                    },

                    // The cloud may win each hedge, and then the word of the local backend would never be heard.
                    MayHedge = question.MayHedge || kept.IsToldOpen(conversation),
                    Budget = left(),
                },
                conversation,
                cancellationToken);
            if (result is { ServedBy: TargetName.Local, Reply: { } reply })
                kept.Learn(conversation, wasKept, reply.IsLocalOnly);
            return result;
        }
        finally
        {
            gate.Leave();
        }
    }

    private async Task<RoutingResult> RouteAsync(Question question, string conversation, CancellationToken cancellationToken)
    {
        try
        {
            return await router.AskAsync(question, cancellationToken);
        }
        catch (OperationCanceledException cancelled) when (cancellationToken.IsCancellationRequested)
        {
            throw new QuestionCancelledException(question.OperationId, conversation, cancelled);
        }
    }

    private async ValueTask<bool?> IsKeptAsync(string conversation, TimeSpan left, CancellationToken cancellationToken)
    {
        var looking = kept.HasAsync(conversation, cancellationToken);
        try
        {
            return looking.IsCompleted ? await looking : await looking.AsTask().WaitAsync(left, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
