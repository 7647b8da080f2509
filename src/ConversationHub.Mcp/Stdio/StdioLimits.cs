namespace ConversationHub.Mcp.Stdio;

/// <summary>Bounds of the stdio transport.</summary>
internal static class StdioLimits
{
    /// <summary>
    /// Longest line read, in bytes. The largest message allowed (256 KiB) takes 1.5 MiB when a client escapes every
    /// byte as <c>\u00XX</c>; the rest is room for its context.
    /// </summary>
    internal const int MaxLineBytes = 4 * 1024 * 1024;

    /// <summary>Bytes read ahead of the line being handled; beyond it the client's writes block.</summary>
    internal const int MaxReadAheadBytes = 64 * 1024;

    /// <summary>
    /// Requests open at once: read and not answered, or answered in a line that is not written yet. Twice what
    /// <see cref="Asking.QuestionGate"/> lets work and wait, so that questions alone never keep out the rest.
    /// </summary>
    internal const int MaxOpenRequests = 1_024;

    /// <summary>The lines of open requests together, in bytes: as many questions of the largest size as are worked on at once.</summary>
    internal const long MaxOpenBytes = 64 * 1024 * 1024;

    /// <summary>Bytes that the client has not read; beyond it no further request is taken.</summary>
    internal const int MaxUnwrittenBytes = 4 * 1024 * 1024;

    /// <summary>The same with the refusals that follow; beyond it no further line is handled until the client reads.</summary>
    internal const int MaxUnwrittenBytesToRead = 5 * 1024 * 1024;

    /// <summary>How long a request waits for room while none comes, in milliseconds, before it and those behind it are refused.</summary>
    internal const int RoomMilliseconds = 100;

    /// <summary>Open <c>subscriptions/listen</c> requests, which by design are never answered and so count apart.</summary>
    internal const int MaxOpenSubscriptions = 16;

    /// <summary>After the end of input, how long answers may still be finished and written, in milliseconds.</summary>
    internal const int DrainMilliseconds = 250;

    /// <summary>Bytes left to be written by who is writing; beyond it whoever sends some waits for the next write.</summary>
    internal const int SendAheadBytes = 256 * 1024;

    /// <summary>A send buffer grown beyond this many bytes is given back after the message.</summary>
    internal const int MaxKeptSendBufferBytes = 256 * 1024;
}
