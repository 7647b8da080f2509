using ConversationHub.Contracts;
using Maestra.Backend.Advisors;
using Maestra.Backend.Costs;
using Maestra.Backend.Metrics;
using Maestra.Backend.Prompts;

namespace Maestra.Backend.Providers;

/// <summary>
/// Answers with language models, one after the other: the next is asked only when the one before has failed, each at most once a question.
/// (1) what the user said before is looked up, (2) the prompt is made, then for each model (3) the cost is reserved, (4) the model is called
/// within its share of the time, (5) the reservation is replaced by what was spent. Recall never stands in for a model.
/// </summary>
internal sealed class ModelAdvisor(
    IReadOnlyList<IModel> models,
    Grounding grounding,
    PromptBook prompts,
    ICostLedger costs,
    BackendMeter meter,
    TimeProvider time,
    ILogger<ModelAdvisor> logger) : IAdvisor
{
    private readonly BusyBoard _busy = new(time);

    public string Provider => models[0].Settings.Name;

    public bool TellsWhenWorkBegins => true;

    public int HistoryMessages => PromptComposer.MaxHistoryMessages;

    public async Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var (passages, failure) = await grounding.FindAsync(prompt, cancellationToken);
        if (failure is not null)
            return new AdvisorOutcome.Failed(AdvisorFailure.Store, failure.Reason);
        var composed = PromptComposer.Compose(prompt, prompts.Of(prompt.Mode).Instructions, passages);
        var preview = onText is null ? null : new TextPreview(onText);
        var failures = new FailedCalls();
        for (var i = 0; i < models.Count; i++)
        {
            var model = models[i];
            var share = TimeShare(prompt.TimeLeft - time.GetElapsedTime(started), models.Count - i - 1);
            var result = await TryAsync(model, composed, preview, share, prompt, cancellationToken);
            if (result is ModelCall.Answered answered)
                return Answer(model, answered, passages, prompt);
            failures.Add(result);
        }

        return failures.Conclude();
    }

    /// <summary>Half of what is left for a model behind which another waits; no limit of its own for the last.</summary>
    internal static TimeSpan? TimeShare(TimeSpan? left, int following) =>
        left is { } time && following > 0 ? (time > TimeSpan.Zero ? time / 2 : TimeSpan.Zero) : null;

    private async Task<ModelCall> TryAsync(
        IModel model, ModelPrompt composed, TextPreview? preview, TimeSpan? share, AdvisorPrompt prompt, CancellationToken cancellationToken)
    {
        var settings = model.Settings;
        if (_busy.SecondsLeft(settings.Name) is { } seconds)
        {
            meter.ProviderAsked(settings.Name, ProviderCall.Busy);
            return new ModelCall.Busy(seconds);
        }

        switch (await costs.ReserveAsync(CallCost.Estimate(settings, composed), cancellationToken))
        {
            case ReserveOutcome.OverLimit over:
                meter.ProviderAsked(settings.Name, ProviderCall.CostLimited);
                logger.CostLimitReached(prompt.QuestionId, settings.Name, over.Hit.Kind, over.Hit.LimitUsd);
                return new ModelCall.OverLimit(over.Hit);
            case ReserveOutcome.Unavailable unavailable:
                logger.CostsUnavailable(prompt.QuestionId, settings.Name, unavailable.Reason);
                return new ModelCall.NoLedger(unavailable.Reason);
            case ReserveOutcome.Granted granted:
                return await PayAsync(model, composed, preview, share, granted.Reservation, prompt, cancellationToken);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<ModelCall> PayAsync(
        IModel model, ModelPrompt composed, TextPreview? preview, TimeSpan? share, CostReservation reservation, AdvisorPrompt prompt,
        CancellationToken cancellationToken)
    {
        var settings = model.Settings;
        var spent = 0m;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();

            // From here until the provider has said otherwise, what was set aside may have been spent.
            spent = reservation.Usd;
            prompt.OnWork?.Invoke();
            var (outcome, isTimedOut) = await CallAsync(model, composed, preview, share, cancellationToken);
            switch (outcome)
            {
                case ModelOutcome.Answered answered:
                    spent = CallCost.Counted(settings, composed, answered);
                    meter.ProviderAsked(settings.Name, ProviderCall.Answered);
                    return new ModelCall.Answered(answered, CallCost.Known(settings, answered));
                case ModelOutcome.Failed failed:
                    spent = failed.MayHaveRun ? reservation.Usd : 0;
                    return Fail(settings.Name, failed, isTimedOut, prompt.QuestionId);
                default:
                    throw new InvalidOperationException($"Unknown outcome {outcome.GetType().Name}.");
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            meter.ProviderAsked(settings.Name, ProviderCall.Cancelled);
            throw;
        }
        finally
        {
            if (await costs.SettleAsync(reservation, spent) is { } reason)
                logger.CostNotSettled(prompt.QuestionId, settings.Name, reservation.Usd, reason);
        }
    }

    /// <summary>Cut when its share of the time is spent, unless text has come: slow is not dead.</summary>
    private async Task<(ModelOutcome Outcome, bool IsTimedOut)> CallAsync(
        IModel model, ModelPrompt composed, TextPreview? preview, TimeSpan? share, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(share ?? Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return (await model.AskAsync(composed, preview is null ? null : Take, either.Token), false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (new ModelOutcome.Failed("no answer within its share of the time", MayHaveRun: true), true);
        }

        void Take(string text)
        {
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            preview.Offer(model, text);
        }
    }

    private ModelCall Fail(string provider, ModelOutcome.Failed failed, bool isTimedOut, OperationId question)
    {
        logger.AdvisorFailed(question, provider, failed.Reason);
        meter.ProviderAsked(provider, isTimedOut ? ProviderCall.TimedOut : failed.IsBusy ? ProviderCall.Busy : ProviderCall.Failed);
        if (!failed.IsBusy)
            return new ModelCall.Failed();
        if (failed.RetryAfterSeconds is { } seconds)
            _busy.Hold(provider, seconds);
        return new ModelCall.Busy(failed.RetryAfterSeconds);
    }

    private static AdvisorOutcome.Answered Answer(IModel model, ModelCall.Answered call, IReadOnlyList<ConversationHub.Store.Passage> passages, AdvisorPrompt prompt) => new(
        call.Answer.Text,
        model.Settings.Name,
        call.Answer.Model,
        call.Answer.Usage is { } usage ? usage.Input + usage.Output : 0,
        call.CostUsd ?? 0,
        RecallText.Sources(passages, prompt))
    {
        IsCostKnown = call.CostUsd is not null,
    };
}
