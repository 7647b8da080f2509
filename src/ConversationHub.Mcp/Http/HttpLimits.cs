using ConversationHub.Mcp.Stdio;

namespace ConversationHub.Mcp.Http;

/// <summary>Bounds of the HTTP transport.</summary>
internal static class HttpLimits
{
    /// <summary>Sessions of the older revisions held at once. At the bound the one of those without an open request that was unused for longest makes room: its client, should it come back, is told to begin anew.</summary>
    internal const int MaxSessions = 64;

    /// <summary>
    /// Connections held at once, each with one request at most: as many as may be open over stdio, so that questions
    /// (<see cref="Asking.QuestionGate"/>) never keep out the rest.
    /// </summary>
    internal const int MaxConnections = StdioLimits.MaxOpenRequests;

    /// <summary>The bodies of requests that are being read or answered together, in bytes.</summary>
    internal const long MaxBodyBytes = StdioLimits.MaxOpenBytes;

    /// <summary>When it may be tried again while each of them has a request open, in seconds.</summary>
    internal const int SessionRetrySeconds = 5;

    /// <summary>At a stop, and at the end of a session, how long what is open may still take to be answered, in seconds. A backend takes 20 of its own.</summary>
    internal const int DrainSeconds = 5;

    /// <summary>
    /// How long telling those that were not answered may take, in seconds: hundreds of them on a busy machine take many, and who is not told
    /// asks again. It ends with the last of them.
    /// </summary>
    internal const int TellingSeconds = 15;

    /// <summary>How long a message may take to arrive, in seconds.</summary>
    internal const int HeadersTimeoutSeconds = 30;

    /// <summary>The port when none is set: beside those that a local backend takes.</summary>
    internal const int DefaultPort = 8830;
}
