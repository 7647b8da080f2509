using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ConversationHub.Routing;

/// <summary>
/// Reads a streamed reply (wire.md §2.1): heartbeats, text deltas, then exactly one of <c>done</c> and <c>error</c>.
/// A stream that ends without either broke off, and the question may have run.
/// </summary>
internal static class EventStreamReply
{
    public const string MediaType = "text/event-stream";

    private const int StatusOk = 200;

    /// <param name="signs">Told of every event: the backend is alive.</param>
    /// <param name="onText">Called with each piece of text; a preview, not yet durable.</param>
    /// <exception cref="IOException">The connection broke off.</exception>
    public static async Task<AttemptResult> ReadAsync(
        CountingStream body, AskEndpoint endpoint, IReplySigns signs, Action<string>? onText, CancellationToken cancellationToken)
    {
        try
        {
            var events = SseParser.Create(body, static (_, data) => data.ToArray()).EnumerateAsync(cancellationToken);
            await foreach (var item in events.ConfigureAwait(false))
            {
                signs.Sign();
                body.NextEvent();
                switch (item.EventType)
                {
                    case "done":
                        return ResponseReader.Read(StatusOk, isJson: true, item.Data, endpoint, retryAfter: null);
                    case "error":
                        return ReadProblem(item.Data, endpoint);
                    case "delta" when onText is not null:
                        if (JsonObjectReader.TryParse(item.Data) is { } delta && JsonObjectReader.Text(delta, "text") is { } text)
                            onText(text);
                        break;
                    default:
                        // Heartbeats are a sign of life and nothing else; events of later versions are ignored.
                        break;
                }
            }
        }
        catch (InvalidDataException tooLarge)
        {
            return new(AttemptOutcome.Malformed) { Status = StatusOk, Detail = tooLarge.Message };
        }

        return new(AttemptOutcome.Truncated) { Status = StatusOk, Detail = "the stream ended without an answer" };
    }

    /// <summary>Headers are long sent when a stream fails, so the problem itself tells how long to wait.</summary>
    private static TimeSpan? RetryAfter(JsonElement problem) =>
        problem.TryGetProperty("retry_after", out var wait) && wait.ValueKind == JsonValueKind.Number && wait.TryGetInt32(out var seconds) && seconds >= 0
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static AttemptResult ReadProblem(byte[] data, AskEndpoint endpoint)
    {
        if (JsonObjectReader.TryParse(data) is { } problem
            && problem.TryGetProperty("status", out var status)
            && status.ValueKind == JsonValueKind.Number
            && status.TryGetInt32(out var code)
            && code is >= 400 and < 600)
        {
            return ResponseReader.Read(code, isJson: true, data, endpoint, RetryAfter(problem));
        }

        return new(AttemptOutcome.Malformed) { Status = StatusOk, Detail = "the stream ended with an error that tells no status" };
    }
}
