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

    /// <summary>Requests being worked on at once. Further ones wait in line, so that what comes behind them, a cancellation above all, is read.</summary>
    internal const int MaxOpenRequests = 256;

    /// <summary>Requests that wait in line. At either bound no further line is handled until one of them has its turn.</summary>
    internal const int MaxWaitingRequests = 256;

    /// <summary>Their lines together, in bytes.</summary>
    internal const long MaxWaitingBytes = 8 * 1024 * 1024;

    /// <summary>Open <c>subscriptions/listen</c> requests, which by design are never answered and so count apart.</summary>
    internal const int MaxOpenSubscriptions = 16;

    /// <summary>After the end of input, how long answers may still be finished and written, in milliseconds.</summary>
    internal const int DrainMilliseconds = 250;

    /// <summary>Bytes left to be written by who is writing; beyond it whoever adds some waits for the next write.</summary>
    internal const int MaxUnwrittenBytes = 256 * 1024;

    /// <summary>A send buffer grown beyond this many bytes is given back after the message.</summary>
    internal const int MaxKeptSendBufferBytes = 256 * 1024;
}
