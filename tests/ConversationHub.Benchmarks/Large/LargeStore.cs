using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Benchmarks.Large;

/// <summary>
/// A store of 100,000 conversations and 1,000,000 messages, written by the store itself: each conversation grows by one exchange a round,
/// so that its messages lie far apart in the log. Texts are the same each time; ids and order within a round are not.
/// </summary>
internal static class LargeStore
{
    public const int Conversations = 100_000;
    public const int Exchanges = 5;
    public const int LongExchanges = 5_000;
    public const string LongConversation = "long";

    /// <summary>Of all conversations together.</summary>
    public const int Messages = 2 * ((Conversations * Exchanges) + LongExchanges);

    private const int Users = 20;
    private const int InFlight = 512;
    private const int QuestionWords = 18;
    private const int ReplyWords = 45;
    private static readonly DateTimeOffset Begin = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    public static string ConversationOf(int number) => string.Create(CultureInfo.InvariantCulture, $"large_{number}");

    /// <param name="root">An empty folder.</param>
    public static async Task WriteAsync(string root, CancellationToken cancellationToken)
    {
        var time = new SteppingTime(Begin);
        var options = new StoreOptions { Root = root, BackendId = "local_sha256_0000000000000000", Namespace = StoreNamespace.Shared };
        if (StoreOpener.OpenLog(options, time, new IdSource(time), NullLogger.Instance) is not StoreOpening.Opened opened)
            throw new InvalidOperationException($"{root} cannot be opened.");
        await using var store = opened.Store;
        var words = new Vocabulary();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellationToken };
        for (var round = 0; round < Exchanges; round++)
        {
            var seed = round * Conversations;
            await Parallel.ForAsync(0, Conversations, parallel, async (number, _) =>
                await ExchangeAsync(store, time, words, ConversationOf(number), $"user_{number % Users}", seed + number));
        }

        await Parallel.ForAsync(0, LongExchanges, parallel, async (number, _) =>
            await ExchangeAsync(store, time, words, LongConversation, "user_0", (Exchanges * Conversations) + number));
    }

    private static async Task ExchangeAsync(IConversationStore store, SteppingTime time, Vocabulary words, string conversation, string user, int seed)
    {
        time.Step();
        var random = new Random(seed);
        var question = new QuestionDraft
        {
            User = UserId.Parse(user),
            OperationId = new IdSource(time).NewOperationId(),
            ConversationId = ConversationId.Parse(conversation),
            Message = words.Text(random, QuestionWords),
            Surface = SurfaceId.Parse("bench"),
            ModeHint = null,
            Fingerprint = new string('0', 64),
        };
        var asked = await store.StoreQuestionAsync(question, CancellationToken.None);
        if (asked is not QuestionOutcome.Stored)
            throw new InvalidOperationException($"A question was not stored: {asked}.");
        var answered = await store.StoreReplyAsync(
            new ReplyDraft
            {
                User = question.User,
                QuestionId = question.OperationId,
                Content = words.Text(random, ReplyWords),
                Mode = WireFormat.DefaultMode,
                Meta = new MessageMeta { LatencyMs = 800, Model = "test", Tokens = 60, CostUsd = 0, Provider = "test" },
            },
            CancellationToken.None);
        if (answered is not ReplyOutcome.Stored)
            throw new InvalidOperationException($"A reply was not stored: {answered}.");
    }

    /// <summary>Half a minute passes with each question, so that the store spans months; timers run by the machine's clock.</summary>
    private sealed class SteppingTime(DateTimeOffset begin) : TimeProvider
    {
        private const long StepSeconds = 30;
        private long _steps;

        public void Step() => Interlocked.Increment(ref _steps);

        public override DateTimeOffset GetUtcNow() => begin + TimeSpan.FromSeconds(StepSeconds * Interlocked.Read(ref _steps));
    }
}
