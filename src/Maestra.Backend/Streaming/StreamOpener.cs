namespace Maestra.Backend.Streaming;

/// <summary>Opens a streamed reply for who asks for one.</summary>
internal sealed class StreamOpener(TimeProvider time, TimeProvider heartbeats)
{
    /// <returns>Null when an ordinary response is wanted.</returns>
    public EventStream? OpenIfAsked(HttpContext context) =>
        EventStream.IsAskedFor(context.Request) ? new EventStream(context, time, heartbeats) : null;
}
