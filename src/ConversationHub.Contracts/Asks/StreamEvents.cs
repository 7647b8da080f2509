using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Names of the events of a streamed reply (wire.md §2.1). Exactly one of <see cref="Done"/> and <see cref="Error"/> ends it.</summary>
public static class StreamEvents
{
    public const string MediaType = "text/event-stream";

    /// <summary>The backend works; data is a <see cref="Heartbeat"/>.</summary>
    public const string Heartbeat = "heartbeat";

    /// <summary>A piece of the text, not yet durable; data is a <see cref="TextDelta"/>.</summary>
    public const string Delta = "delta";

    /// <summary>The reply is durable; data is the whole response of the endpoint.</summary>
    public const string Done = "done";

    /// <summary>It failed; data is a <see cref="Problem"/> with its status.</summary>
    public const string Error = "error";
}

/// <summary>Data of <see cref="StreamEvents.Heartbeat"/>.</summary>
/// <param name="ElapsedMs">Milliseconds since the request came.</param>
public sealed record Heartbeat([property: JsonPropertyName("elapsed_ms")] long ElapsedMs);

/// <summary>Data of <see cref="StreamEvents.Delta"/>.</summary>
public sealed record TextDelta([property: JsonPropertyName("text")] string Text);
