using System.Diagnostics;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;
using Maestra.Backend.Http;
using Maestra.Backend.Sync;
using Maestra.Backend.Telemetry;

namespace Maestra.Backend.Asks;

/// <summary>
/// The way of a question: stored, read with what was said before, answered, and the reply stored, before anything is told (wire.md §2).
/// </summary>
internal sealed class AskFlow(
    IConversationStore store, LeasedAnswer lease, IAdvisor advisor, AskGate gate, Freshness freshness,
    TimeProvider time, ILogger<AskFlow> logger)
{
    /// <param name="timeLeft">Of the first caller; others may join and wait longer.</param>
    /// <param name="onText">Takes the text as it comes, before it is durable; null when nobody watches.</param>
    public async Task<AskOutcome> RunAsync(Question question, AskKey key, RunningAsk run, TimeSpan timeLeft, Action<string>? onText)
    {
        var started = time.GetTimestamp();
        await gate.WaitForSlotAsync(run.Abandoned);
        try
        {
            var isStale = await freshness.IsStaleAsync(run.Abandoned);
            var draft = Draft(question, key);
            var (outcome, reply) = advisor.AnswersAtOnce && store is IExchangeStore exchanges && question.ConversationId is { } named
                ? await exchanges.StoreExchangeAsync(draft, () => AnswerAtOnceAsync(question, key, run, Left(), named, started), run.Abandoned)
                : (await store.StoreQuestionAsync(draft, run.Abandoned), null);
            if (reply is not null)
                return Told(isStale, IsKeptHere(outcome), new AskOutcome.Answered(Place(outcome).Conversation, reply, Replayed: false));
            var told = Settled(outcome) ?? await lease.RunAsync(
                key,
                run,
                async () => Settled(await store.StoreQuestionAsync(draft, run.Abandoned)),
                async mayHaveRun =>
                {
                    var (conversation, owner) = Place(outcome);
                    if (outcome is QuestionOutcome.Stored && !mayHaveRun)
                        return await AnswerAsync(question, key, run, Left(), onText, conversation, owner, started);

                    // Stored without a reply: an earlier run died or its provider failed. It is run again, and stays one question.
                    logger.AskResumed(key.OperationId);
                    return Resumed(await AnswerAsync(question, key, run, Left(), onText, conversation, owner, started));
                });

            // Looked at now: its owner may have marked it while the answer was made.
            return Told(isStale, IsKeptHere(outcome), told);
        }
        finally
        {
            gate.ReleaseSlot();
        }

        TimeSpan Left() => timeLeft - time.GetElapsedTime(started);
    }

    /// <summary>A reply that was stored before says nothing of now.</summary>
    private static AskOutcome Told(bool isStale, bool isKeptHere, AskOutcome outcome) =>
        outcome is AskOutcome.Answered answered && (isStale || isKeptHere)
            ? answered with { IsStale = isStale && !answered.Replayed, IsLocalOnly = isKeptHere }
            : outcome;

    private bool IsKeptHere(QuestionOutcome outcome) =>
        outcome is QuestionOutcome.Stored { IsKeptHere: true } or QuestionOutcome.Known { IsKeptHere: true }
        || (store is IKeptConversations kept && outcome is QuestionOutcome.Stored or QuestionOutcome.Known
            && Place(outcome) is var (conversation, owner) && kept.IsKeptHere(owner, conversation));

    /// <returns>What there is to tell at once; null when the question is stored and waits for its reply.</returns>
    private static AskOutcome? Settled(QuestionOutcome outcome) => outcome switch
    {
        QuestionOutcome.Stored or QuestionOutcome.Known { Reply: null } => null,
        QuestionOutcome.Known { Reply: { } reply } known => new AskOutcome.Answered(known.ConversationId, reply, Replayed: true),
        QuestionOutcome.FingerprintMismatch => new AskOutcome.Failed(Refusals.IdempotencyMismatch()),
        QuestionOutcome.Erased => new AskOutcome.Failed(Refusals.ConversationErased()),
        QuestionOutcome.ConversationFull => new AskOutcome.Failed(Refusals.ConversationFull()),
        QuestionOutcome.Damaged => new AskOutcome.Failed(Refusals.ConversationDamaged()),
        QuestionOutcome.NotCommitted refused => new AskOutcome.Failed(Refusals.StoreFailure(refused.Failure)),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome.GetType().Name}."),
    };

    private static (ConversationId Conversation, UserId Owner) Place(QuestionOutcome outcome) => outcome switch
    {
        QuestionOutcome.Stored stored => (stored.ConversationId, stored.Owner),
        QuestionOutcome.Known known => (known.ConversationId, known.Owner),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} has no place."),
    };

    /// <summary>The answer to a question that is not stored yet.</summary>
    /// <returns>Null when there is none: the question is then stored, and why there is no answer is found again.</returns>
    private async Task<ReplyDraft?> AnswerAtOnceAsync(
        Question question, AskKey key, RunningAsk run, TimeSpan timeLeft, ConversationId conversation, long started)
    {
        var (history, refused) = await ReadHistoryAsync(key.User, conversation, before: null, run.Abandoned);
        if (refused is not null
            || await AdviseAsync(Prompt(question, key, run, timeLeft, conversation, history), onText: null, run.Abandoned) is not AdvisorOutcome.Answered answered
            || !IsStorable(answered.Text))
        {
            return null;
        }

        run.BeginStoring();
        return Draft(question, key, answered, started);
    }

    private async Task<AskOutcome> AnswerAsync(
        Question question, AskKey key, RunningAsk run, TimeSpan timeLeft, Action<string>? onText, ConversationId conversation, UserId owner, long started)
    {
        if (!advisor.TellsWhenWorkBegins)
            run.Accept();
        var (history, refused) = await ReadHistoryAsync(owner, conversation, key.OperationId, run.Abandoned);
        if (refused is not null)
            return new AskOutcome.Failed(ReadRefusals.Of(refused));
        var advised = await AdviseAsync(Prompt(question, key, run, timeLeft, conversation, history), onText, run.Abandoned);
        return advised switch
        {
            AdvisorOutcome.Answered answered when IsStorable(answered.Text) =>
                await StoreAsync(question, key, run, conversation, answered, started),
            AdvisorOutcome.Answered => Failed(key, new AdvisorOutcome.Failed(AdvisorFailure.Provider, "the reply was empty, too long or not storable")),
            AdvisorOutcome.Failed failed => Failed(key, failed),
            AdvisorOutcome.OverLimit over => new AskOutcome.Failed(Refusals.CostLimitExceeded(over.Hit)),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
    }

    /// <param name="before">Null where the question is not stored, perhaps not even its conversation.</param>
    private async Task<(IReadOnlyList<ConversationMessage> History, ReadOutcome? Refused)> ReadHistoryAsync(
        UserId owner, ConversationId conversation, OperationId? before, CancellationToken cancellationToken)
    {
        if (advisor.HistoryMessages == 0)
            return ([], null);
        var query = new ReadQuery { Owner = owner, ConversationId = conversation, Limit = advisor.HistoryMessages, Before = before };
        return await store.ReadAsync(query, cancellationToken) switch
        {
            ReadOutcome.Found found => (found.Conversation.Messages, null),
            ReadOutcome.NotFound when before is null => ([], null),
            var refused => ([], refused),
        };
    }

    private async Task<AdvisorOutcome> AdviseAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        using (BackendTracing.Start("advisor", ActivityKind.Client))
            return await advisor.AskAsync(prompt, onText, cancellationToken);
    }

    private static AdvisorPrompt Prompt(
        Question question, AskKey key, RunningAsk run, TimeSpan timeLeft, ConversationId conversation, IReadOnlyList<ConversationMessage> history) => new()
        {
            QuestionId = key.OperationId,
            ConversationId = conversation,
            Asker = key.User,
            Message = question.Message,
            Mode = question.EffectiveMode,
            History = history,
            Context = question.Context,
            Hints = question.Hints,
            ClientContext = question.ClientContext,
            TimeLeft = timeLeft,
            OnWork = run.Accept,
        };

    private async Task<AskOutcome> StoreAsync(
        Question question, AskKey key, RunningAsk run, ConversationId conversation, AdvisorOutcome.Answered answered, long started)
    {
        run.BeginStoring();
        var draft = Draft(question, key, answered, started);

        // No longer cancellable: the answer is made and paid for.
        return await store.StoreReplyAsync(draft, CancellationToken.None) switch
        {
            ReplyOutcome.Stored stored => new AskOutcome.Answered(conversation, stored.Reply, Replayed: false),
            ReplyOutcome.AlreadyAnswered already => new AskOutcome.Answered(conversation, already.Reply, Replayed: true),
            ReplyOutcome.Erased => new AskOutcome.Failed(Refusals.ConversationErased()),
            ReplyOutcome.NotCommitted refused => new AskOutcome.Failed(Refusals.StoreFailure(refused.Failure)),
            var unknown => throw new InvalidOperationException($"A reply to a stored question cannot give {unknown.GetType().Name}."),
        };
    }

    /// <summary>A reply that another run stored meanwhile is a replay, and says that instead.</summary>
    private static AskOutcome Resumed(AskOutcome outcome) =>
        outcome is AskOutcome.Answered { Replayed: false } answered ? answered with { Resumed = true } : outcome;

    private AskOutcome.Failed Failed(AskKey key, AdvisorOutcome.Failed failed)
    {
        logger.AdvisorFailed(key.OperationId, advisor.Provider, failed.Reason);
        return new AskOutcome.Failed(failed.Failure switch
        {
            AdvisorFailure.Busy => Refusals.ProviderBusy(failed.RetryAfterSeconds),
            AdvisorFailure.Store => Refusals.StoreFailure(new StoreFailure(StoreFailureKind.Unavailable, failed.Reason)),
            _ => Refusals.ProviderFailed(),
        });
    }

    private ReplyDraft Draft(Question question, AskKey key, AdvisorOutcome.Answered answered, long started) => new()
    {
        User = key.User,
        QuestionId = key.OperationId,
        Content = answered.Text,
        Mode = question.EffectiveMode,
        Meta = new MessageMeta
        {
            LatencyMs = (long)time.GetElapsedTime(started).TotalMilliseconds,
            Model = answered.Model,
            Tokens = answered.Tokens,
            CostUsd = answered.CostUsd,
            CostKnown = answered.IsCostKnown ? null : false,
            Provider = answered.Provider,
            Sources = answered.Sources.Count == 0 ? null : answered.Sources,
        },
    };

    private static QuestionDraft Draft(Question question, AskKey key) => new()
    {
        User = key.User,
        OperationId = key.OperationId,
        ConversationId = question.ConversationId,
        Message = question.Message,
        Surface = question.Surface,
        ModeHint = question.ModeHint,
        FilePath = question.Context?.FilePath,
        Workspace = question.Context?.Workspace,
        Fingerprint = question.Fingerprint,
    };

    private static bool IsStorable(string reply) =>
        !string.IsNullOrWhiteSpace(reply) && FreeText.IsStorable(reply) && Encoding.UTF8.GetByteCount(reply) <= WireLimits.ReplyBytes;
}
