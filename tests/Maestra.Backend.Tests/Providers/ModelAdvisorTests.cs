using System.Diagnostics.Metrics;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing.Time;
using Maestra.Backend.Advisors;
using Maestra.Backend.Costs;
using Maestra.Backend.Metrics;
using Maestra.Backend.Prices;
using Maestra.Backend.Prompts;
using Maestra.Backend.Providers;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Providers;

public sealed class ModelAdvisorTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly BackendMeter _meter = new();
    private readonly InMemoryStore _store;

    public ModelAdvisorTests() => _store = new InMemoryStore(
        new StoreOptions { Root = "/nowhere", BackendId = "local_sha256_0000000000000000", Namespace = StoreNamespace.Shared }, _time, new IdSource(_time));

    public void Dispose() => _meter.Dispose();

    /// <summary>wire.md §6, <c>maestra_provider_requests_total{provider,outcome}</c>: every outcome is counted once, under a bounded name.</summary>
    [Fact]
    public async Task Ask_EveryOutcome_IsCountedByProviderAndOutcome()
    {
        var counted = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, to) =>
            {
                if (instrument.Name == MetricNames.ProviderRequests && _meter.Owns(instrument))
                    to.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Add(string.Join(' ', tags.ToArray().Select(tag => tag.Value))));
        listener.Start();
        using var gone = new CancellationTokenSource();

        await AskAsync(Model("openai", Answered));
        await AskAsync(Model("openai", Failed), Model("gemini", Answered));
        await AskAsync(Model("openai", new ModelOutcome.Failed("status 429", MayHaveRun: false) { IsBusy = true }));
        await AskAsync(Model("openai", Answered, price: 1_000_000));
        var held = Model("openai", (_, cancel) => Never(cancel));
        var cancelled = Advisor(held).AskAsync(Prompt(), null, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var slow = Advisor(held, Model("gemini", Answered)).AskAsync(Prompt() with { TimeLeft = TimeSpan.FromSeconds(8) }, null, CancellationToken.None);
        await _time.WaitForTimersAsync(1);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.IsType<AdvisorOutcome.Answered>(await slow);

        Assert.Equal(
            [
                "openai answered", "openai failed", "gemini answered", "openai busy", "openai cost_limited", "openai cancelled",
                "openai timed_out", "gemini answered",
            ],
            counted);
    }

    [Theory]
    [InlineData(8000, 1, 4000)]
    [InlineData(8000, 2, 4000)]
    [InlineData(-5, 1, 0)]
    [InlineData(8000, 0, null)]
    [InlineData(null, 1, null)]
    public void TimeShare_HalfWhileAnotherWaits(int? leftMs, int following, int? expectedMs) => Assert.Equal(
        expectedMs is { } expected ? TimeSpan.FromMilliseconds(expected) : null,
        ModelAdvisor.TimeShare(leftMs is { } left ? TimeSpan.FromMilliseconds(left) : null, following));

    /// <summary>A call that failed after the model may have worked keeps its reservation; one that was refused gives it back.</summary>
    [Theory]
    [InlineData(true, 1.00)]
    [InlineData(false, 0)]
    public async Task Ask_Failed_IsPaidWhenItMayHaveRun(bool mayHaveRun, double spent)
    {
        var costs = new MemoryLedger();

        await AskAsync(costs, Model("openai", new ModelOutcome.Failed("broken", mayHaveRun), price: 10));

        Assert.Equal((decimal)spent, costs.Spent);
    }

    /// <summary>A store that cannot be searched is a failure, not an answer without what was said before.</summary>
    [Fact]
    public async Task Ask_StoreCannotBeSearched_IsAFailureOfTheStore()
    {
        var advisor = new ModelAdvisor(
            [Model("openai", Answered)], new Grounding(new BlindStore()), PromptBook.Load("/nowhere"), new MemoryLedger(), _meter, _time,
            NullLogger<ModelAdvisor>.Instance);

        Assert.Equal(AdvisorFailure.Store, Assert.IsType<AdvisorOutcome.Failed>(await advisor.AskAsync(Prompt(), null, CancellationToken.None)).Failure);
    }

    private static ModelOutcome Answered { get; } = new ModelOutcome.Answered("Yes.", "a-model", TokenUsage.Of(1, 1));

    private static ModelOutcome Failed { get; } = new ModelOutcome.Failed("status 500", MayHaveRun: false);

    private static ScriptedModel Model(string name, ModelOutcome outcome, decimal price = 0) => new(name, price, (_, _) => Task.FromResult(outcome));

    private static ScriptedModel Model(string name, Func<ModelPrompt, CancellationToken, Task<ModelOutcome>> script) => new(name, 0, script);

    private static async Task<ModelOutcome> Never(CancellationToken cancel)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        throw new InvalidOperationException("Never ended.");
    }

    private static AdvisorPrompt Prompt() => new()
    {
        QuestionId = OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"),
        ConversationId = ConversationId.Parse("current"),
        Asker = UserId.Parse("ada"),
        Message = "Why?",
        Mode = "advisor",
        History = [],
        Context = null,
        Hints = [],
        ClientContext = null,
    };

    private Task<AdvisorOutcome> AskAsync(params IModel[] models) => AskAsync(new MemoryLedger(), models);

    private Task<AdvisorOutcome> AskAsync(ICostLedger costs, params IModel[] models) =>
        Advisor(costs, models).AskAsync(Prompt(), null, CancellationToken.None);

    private ModelAdvisor Advisor(params IModel[] models) => Advisor(new MemoryLedger(), models);

    private ModelAdvisor Advisor(ICostLedger costs, params IModel[] models) => new(
        models, new Grounding(_store), PromptBook.Load("/nowhere"), costs, _meter, _time, NullLogger<ModelAdvisor>.Instance);

    private sealed class ScriptedModel(string name, decimal outputPrice, Func<ModelPrompt, CancellationToken, Task<ModelOutcome>> script) : IModel
    {
        public ProviderSettings Settings { get; } = new()
        {
            Name = name,
            Api = ProviderApi.Messages,
            BaseUrl = new Uri("https://model.invalid"),
            Model = "a-model",
            ApiKey = null,
            MaxOutputTokens = 100_000,
            Price = new ModelPrice(0, outputPrice),
            CountedPrice = new ModelPrice(0, outputPrice),
        };

        public Task<ModelOutcome> AskAsync(ModelPrompt prompt, Action<string>? onText, CancellationToken cancellationToken) => script(prompt, cancellationToken);
    }

    /// <summary>One hundred USD, in memory.</summary>
    private sealed class MemoryLedger : ICostLedger
    {
        public decimal Spent { get; private set; }

        public Maestra.Backend.Costs.CostTotals Totals => new(Spent, Spent);

        public Task<ReserveOutcome> ReserveAsync(decimal usd, CancellationToken cancellationToken)
        {
            var day = new DateOnly(2026, 1, 5);
            if (Spent + usd > 100)
                return Task.FromResult<ReserveOutcome>(new ReserveOutcome.OverLimit(new CostLimitHit(CostLimitKind.Daily, 100, DateTimeOffset.UnixEpoch, 1)));
            Spent += usd;
            return Task.FromResult<ReserveOutcome>(new ReserveOutcome.Granted(new CostReservation(Guid.Empty, day, usd)));
        }

        public Task<string?> SettleAsync(CostReservation reservation, decimal usd)
        {
            Spent += usd - reservation.Usd;
            return Task.FromResult<string?>(null);
        }
    }

    private sealed class BlindStore : IConversationStore
    {
        public StoreStatus Status => throw new NotSupportedException();

        public Task<QuestionOutcome> StoreQuestionAsync(QuestionDraft question, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ReplyOutcome> StoreReplyAsync(ReplyDraft reply, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken) =>
            Task.FromResult<SearchOutcome>(new SearchOutcome.Unavailable(new StoreFailure(StoreFailureKind.Unavailable, "The database cannot be reached.")));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
