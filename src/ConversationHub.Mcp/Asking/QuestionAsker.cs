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

    private const string UnknownCause = "whether the conversation is marked local_only could not be read from the disk, or not in time";

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
            _ => await AskInPlaceAsync(question with { Progress = progress }, conversation, isNamed, Left, cancellationToken),
        };
        return result with { Elapsed = result.Elapsed + waited };
    }

    private static RoutingResult NotAsked { get; } = new()
    {
        Error = new RoutingError(TooManyQuestions, FailureTexts.TooManyQuestions, null),
        Attempts = [],
        Elapsed = TimeSpan.Zero,
    };

    private async Task<RoutingResult> AskInPlaceAsync(Question question, string conversation, bool isNamed, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        try
        {
            var looking = isNamed ? kept.LookAsync(conversation) : IsNew;
            var wasKept = await WithinLimitAsync(looking, left(), cancellationToken);
            var result = await RouteAsync(
                question with
                {
                    // Whatever the call says: an argument may narrow what the owner allows, and never widen it.
                    Route = MayGoOn(wasKept, question.Route) ? question.Route : Route.LocalOnly,
                    RouteCause = Cause(wasKept),

                    // Asked anew, also of a conversation that the question begins: the backend writes the mark before it says so to anybody.
                    WhyKeptLocal = async cancelled => Cause(await WithinLimitAsync(kept.LookAsync(conversation), left(), cancelled)),

                    // The cloud may win each hedge, and then the word of the local backend would never be heard.
                    MayHedge = wasKept == false && (!isNamed || kept.IsToldOpen(conversation)),
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

    private static Task<bool?> IsNew { get; } = Task.FromResult<bool?>(false);

    private static bool? SoFar(Task<bool?> looking) => looking.IsCompletedSuccessfully ? looking.Result : null;

    private static string? Cause(bool? isKept) => isKept switch
    {
        true => MarkedCause,
        null => UnknownCause,
        false => null,
    };

    /// <summary>While it is not known the local backend can be asked first all the same; only before the cloud is, it must be.</summary>
    private bool MayGoOn(bool? isKept, Route? route) => isKept switch
    {
        true => false,
        null => settings.Routing.Route == Route.LocalFirst && (route is null or Route.LocalFirst),
        false => true,
    };

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

    /// <returns>Null when it has not told within <see cref="KeptConversations.DiskLimit"/>, or the time that is left.</returns>
    private async ValueTask<bool?> WithinLimitAsync(Task<bool?> looking, TimeSpan left, CancellationToken cancellationToken)
    {
        try
        {
            var limit = left < KeptConversations.DiskLimit ? left : KeptConversations.DiskLimit;
            return looking.IsCompleted ? await looking : await looking.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return SoFar(looking);
        }
    }
}
