using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Asks;

/// <summary>The endpoints that take a question: core, advisor and its alias, tgif (wire.md §2, §3).</summary>
internal sealed class AskEndpoints(
    RunningAsks running, AskFlow flow, AskGate gate, BackendSettings settings, BackendIdentity identity, TimeProvider time, IdSource ids, ILogger<AskEndpoints> logger)
{
    private const string FocusCoach = "/tgif/ask";

    private delegate HttpReply Render(AskOutcome.Answered answered, RequestId request, OperationId operation);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.Core, context => HandleAsync(context, CoreQuestion.Parse, Envelopes.Core));
        routes.MapPost(FocusCoach, context => HandleAsync(context, CoreQuestion.ParseFocusCoach, Envelopes.Core));
        routes.MapPost(Routes.Advisor, context => HandleAsync(context, LegacyQuestion.Parse, Envelopes.Legacy));
        routes.MapPost(Routes.AdvisorAlias, context => HandleAsync(context, LegacyQuestion.Parse, Envelopes.Legacy));
    }

    private async Task HandleAsync(HttpContext context, Func<JsonElement, QuestionParse> parse, Render render) =>
        await ReplyWriter.WriteAsync(context, await AnswerAsync(context, parse, render));

    private async Task<HttpReply> AnswerAsync(HttpContext context, Func<JsonElement, QuestionParse> parse, Render render)
    {
        var state = RequestState.Of(context);
        if (AskHeaders.Read(context.Request.Headers, ids, out var badHeader) is not { } headers)
            return badHeader!;
        state.OperationId = headers.OperationId;
        switch (await RequestBody.ReadAsync(context, time))
        {
            case BodyOutcome.Refused refused:
                return refused.Reply;
            case BodyOutcome.Read read:
                return parse(read.Root) switch
                {
                    QuestionParse.Invalid invalid => HttpReply.Invalid(invalid.Errors),
                    QuestionParse.Valid valid => await AskAsync(context, state, headers, valid.Question, render),
                    var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
                };
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<HttpReply> AskAsync(HttpContext context, RequestState state, AskHeaders headers, Question question, Render render)
    {
        if (Asker.Resolve(question.User, state.KeyOwner, settings, out var user) is { } mismatch)
            return mismatch;
        if (!gate.TryEnter())
            return Refusals.Overloaded();
        try
        {
            var left = Budget(headers, question) - time.GetElapsedTime(state.StartedAt);
            if (left <= TimeSpan.Zero)
                return Refusals.DeadlineExceeded();
            using var deadline = new CancellationTokenSource(left, time);
            using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, context.RequestAborted);
            var key = new AskKey(user, headers.OperationId);
            var outcome = await running.JoinOrRunAsync(key, question.Fingerprint, run => flow.RunAsync(question, key, run), giveUp.Token);
            return Conclude(context, state, key, outcome, render);
        }
        finally
        {
            gate.Leave();
        }
    }

    private HttpReply Conclude(HttpContext context, RequestState state, AskKey key, AskOutcome? outcome, Render render)
    {
        var pseudonym = identity.Pseudonyms.Of(key.User);
        var elapsedMs = (long)time.GetElapsedTime(state.StartedAt).TotalMilliseconds;
        switch (outcome)
        {
            case AskOutcome.Answered answered:
                logger.AskAnswered(state.RequestId, pseudonym, elapsedMs, key.OperationId, answered.Reply.Meta.Provider, answered.Replayed);
                return render(answered, state.RequestId, key.OperationId);
            case AskOutcome.Failed failed:
                logger.AskFailed(state.RequestId, pseudonym, elapsedMs, key.OperationId, failed.Problem.Status, failed.Problem.Code);
                return failed.Problem;
            default:
                logger.AskGivenUp(state.RequestId, pseudonym, elapsedMs, key.OperationId, context.RequestAborted.IsCancellationRequested);
                return context.RequestAborted.IsCancellationRequested ? new HttpReply.ClientGone() : Refusals.DeadlineExceeded();
        }
    }

    private static TimeSpan Budget(AskHeaders headers, Question question) =>
        headers.Budget ?? TimeSpan.FromMilliseconds(question.ModeHint == LegacyMode.Deep
            ? WireLimits.DeepDeadlineMilliseconds
            : WireLimits.DefaultDeadlineMilliseconds);
}
