using System.Globalization;
using ConversationHub.Benchmarks.Large;
using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Load;

/// <summary>
/// What a busy backend is asked: half questions, the rest reads, as hubs, people and monitors send them. One in a hundred is a search: it costs
/// more the more is stored, so that with a tenth of them the store outgrew the load within ten minutes, and nothing but search was measured.
/// Thread-safe.
/// </summary>
internal sealed class LoadMix(bool asksOnly)
{
    private const int ExchangesPerConversation = 10;

    private static readonly byte[] Health = HttpConnection.Get("/health");
    private static readonly byte[] Metrics = HttpConnection.Get("/metrics");
    private static readonly byte[] List = HttpConnection.Get("/conversations?limit=20");

    private readonly Vocabulary _words = new();
    private int _asked;

    /// <summary>Questions made; each stores two messages if it is answered.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public byte[] Next() => asksOnly ? Question() : Random.Shared.Next(100) switch
    {
        < 50 => Question(),
        < 70 => Health,
        < 75 => Metrics,
        < 99 => List,
        _ => HttpConnection.Get($"/conversations/search?q={_words.Word(Random.Shared)}+{_words.Word(Random.Shared)}"),
    };

    public byte[] Question()
    {
        var number = Interlocked.Increment(ref _asked);
        return HttpConnection.Post(
            "/api/maestra/core",
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"user_id":"ada","surface_id":"bench","conversation_id":"load_{{number / ExchangesPerConversation}}","message":"{{_words.Text(Random.Shared, 12)}}"}"""));
    }
}
