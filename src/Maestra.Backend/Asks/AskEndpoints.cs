using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;
using Maestra.Backend.Stopping;
using Maestra.Backend.Streaming;

namespace Maestra.Backend.Asks;

/// <summary>The endpoints that take a question: core, advisor and its alias, tgif (wire.md §2, §3).</summary>
internal sealed class AskEndpoints(
    RunningAsks running,
    AskFlow flow,
    AskGate gate,
    StreamOpener streams,
    BackendSettings settings,
    BackendIdentity identity,
    TimeProvider time,
    IdSource ids,
    AskReporter reporter,
    Drain drain,
    ILogger<AskEndpoints> logger)
{
    private const string FocusCoach = "/tgif/ask";

    private static readonly string[] All = [Routes.Core, FocusCoach, Routes.Advisor, Routes.AdvisorAlias];

    private delegate HttpReply.Json Render(AskOutcome.Answered answered, RequestId request, OperationId operation);

    /// <returns>The pattern of the route, which is the path itself; null where no ask goes. Letter case does not count, as in routing.</returns>
    public static string? RouteOf(PathString path)
    {
        foreach (var route in All)
        {
            if (path.Equals(route, StringComparison.OrdinalIgnoreCase))
                return route;
        }

        return null;
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.Core, context => HandleAsync(context, CoreQuestion.Parse, Envelopes.Core));
        routes.MapPost(FocusCoach, context => HandleAsync(context, CoreQuestion.ParseFocusCoach, Envelopes.Core));
        routes.MapPost(Routes.Advisor, context => HandleAsync(context, LegacyQuestion.Parse, Envelopes.Legacy));
        routes.MapPost(Routes.AdvisorAlias, context => HandleAsync(context, LegacyQuestion.Parse, Envelopes.Legacy));
    }

    private async Task HandleAsync(HttpContext context, Func<JsonElement, QuestionParse> parse, Render render)
    {
        if (!drain.TryEnter())
        {
            await ReplyWriter.WriteAsync(context, Refusals.ShuttingDown());
            return;
        }

        try
        {
            await HandleEnteredAsync(context, parse, render);
        }
        finally
        {
            drain.Leave();
        }
    }

    private async Task HandleEnteredAsync(HttpContext context, Func<JsonElement, QuestionParse> parse, Render render)
    {
        var state = RequestState.Of(context);
        state.Ask = new AskNotes();
        using var stream = streams.OpenIfAsked(context);
        HttpReply reply;
        try
        {
            reply = await AnswerAsync(context, stream, parse, render);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            reply = new HttpReply.ClientGone();
        }
#pragma warning disable CA1031 // A bug: it is logged and counted, and where the status is out only an event can tell of it.
        catch (Exception e) when (e is not BadHttpRequestException)
#pragma warning restore CA1031
        {
            logger.RequestCrashed(state.RequestId, e);
            reply = Refusals.InternalError();
        }

        reporter.Finished(state, reply);
        await (stream is null ? ReplyWriter.WriteAsync(context, reply) : stream.EndAsync(reply));
    }

    private async Task<HttpReply> AnswerAsync(HttpContext context, EventStream? stream, Func<JsonElement, QuestionParse> parse, Render render)
    {
        var state = RequestState.Of(context);
        if (AskHeaders.Read(context.Request.Headers, ids, out var badHeader) is not { } headers)
            return badHeader!;
        state.OperationId = headers.OperationId;
        if (gate.IsFull)
            return Refusals.Overloaded();
        switch (await RequestBody.ReadAsync(context, time))
        {
            case BodyOutcome.Refused refused:
                return refused.Reply;
            case BodyOutcome.Read read:
                return parse(read.Root) switch
                {
                    QuestionParse.Invalid invalid => HttpReply.Invalid(invalid.Errors),
                    QuestionParse.Valid valid => await AskAsync(context, state, stream, headers, valid.Question, render),
                    var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
                };
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<HttpReply> AskAsync(
        HttpContext context, RequestState state, EventStream? stream, AskHeaders headers, Question question, Render render)
    {
        var refused = Asker.Resolve(question.User, state.KeyOwner, settings, out var user);
        var notes = state.Ask!;
        (notes.User, notes.Surface, notes.Conversation, notes.Mode) = (user, question.Surface, question.ConversationId, question.EffectiveMode);
        if (refused is not null)
            return refused;
        if (!gate.TryEnter())
            return Refusals.Overloaded();
        try
        {
            var left = Budget(headers, question) - time.GetElapsedTime(state.StartedAt);
            if (left <= TimeSpan.Zero)
                return Refusals.DeadlineExceeded();
            stream?.KeepAlive();
            using var deadline = new CancellationTokenSource(left, time);
            using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, context.RequestAborted, drain.Cut);
            var key = new AskKey(user, headers.OperationId);
            var outcome = await running.JoinOrRunAsync(
                key, question.Fingerprint, run => flow.RunAsync(question, key, run, left, stream is null ? null : stream.Offer),
                stream is null ? null : stream.Begin, giveUp.Token);
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
                var notes = state.Ask!;
                (notes.Conversation, notes.Mode) = (answered.ConversationId, answered.Reply.Mode);
                if (!answered.Replayed && !answered.IsCounted)
                    (notes.Tokens, notes.CostUsd) = (answered.Reply.Meta.Tokens ?? 0, answered.Reply.Meta.CostUsd ?? 0);
                logger.AskAnswered(state.RequestId, pseudonym, elapsedMs, key.OperationId, answered.Reply.Meta.Provider, answered.Replayed);
                return render(answered, state.RequestId, key.OperationId);
            case AskOutcome.Failed failed:
                logger.AskFailed(state.RequestId, pseudonym, elapsedMs, key.OperationId, failed.Problem.Status, failed.Problem.Code);
                return failed.Problem;
            default:
                logger.AskGivenUp(state.RequestId, pseudonym, elapsedMs, key.OperationId, context.RequestAborted.IsCancellationRequested);
                if (context.RequestAborted.IsCancellationRequested)
                    return new HttpReply.ClientGone();
                return drain.Cut.IsCancellationRequested ? Refusals.ShuttingDown() : Refusals.DeadlineExceeded();
        }
    }

    private static TimeSpan Budget(AskHeaders headers, Question question) =>
        headers.Budget ?? TimeSpan.FromMilliseconds(question.ModeHint == LegacyMode.Deep
            ? WireLimits.DeepDeadlineMilliseconds
            : WireLimits.DefaultDeadlineMilliseconds);
}
