using System.Globalization;
using ConversationHub.Benchmarks.Large;
using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Load;

/// <summary>
/// The traffic of <see cref="LoadMix"/> in which nothing new is stored: each question carries the id under which it was asked before, and is
/// answered from the store. Thread-safe.
/// </summary>
internal sealed class RepeatedMix
{
    private const int QuestionCount = 2_000;
    private const int ExchangesPerConversation = 10;
    private const int WordsPerQuestion = 12;

    private static readonly byte[] Health = HttpConnection.Get("/health");
    private static readonly byte[] Metrics = HttpConnection.Get("/metrics");
    private static readonly byte[] List = HttpConnection.Get("/conversations?limit=20");

    private readonly Vocabulary _words = new();

    public RepeatedMix() => Questions = [.. Enumerable.Range(0, QuestionCount).Select(Question)];

    /// <summary>To be asked once each, before <see cref="Next"/> repeats them.</summary>
    public IReadOnlyList<byte[]> Questions { get; }

    public byte[] Next() => Random.Shared.Next(100) switch
    {
        < 50 => Questions[Random.Shared.Next(QuestionCount)],
        < 70 => Health,
        < 75 => Metrics,
        < 89 => List,
        < 99 => HttpConnection.Get(string.Create(CultureInfo.InvariantCulture, $"/conversations/{Conversation(Random.Shared.Next(QuestionCount))}")),
        _ => HttpConnection.Get($"/conversations/search?q={_words.Word(Random.Shared)}+{_words.Word(Random.Shared)}"),
    };

    private static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"load_{number / ExchangesPerConversation}");

    private byte[] Question(int number) => HttpConnection.Post(
        "/api/maestra/core",
        $$"""{"user_id":"ada","surface_id":"bench","conversation_id":"{{Conversation(number)}}","message":"{{_words.Text(Random.Shared, WordsPerQuestion)}}"}""",
        ("Idempotency-Key", Guid.CreateVersion7().ToString()));
}
