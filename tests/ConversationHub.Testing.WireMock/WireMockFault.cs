namespace ConversationHub.Testing.WireMock;

/// <summary>
/// How a connection breaks after the request has been read, as WireMock in Java names and does it.
/// WireMock.Net's own faults are whole HTTP responses with an odd body.
/// </summary>
public enum WireMockFault
{
    /// <summary>A reset instead of an answer.</summary>
    ConnectionReset,

    /// <summary>The connection is closed without a byte.</summary>
    EmptyResponse,

    /// <summary>Status 200 and the headers of a chunked body, then garbage, then the end.</summary>
    MalformedChunk,

    /// <summary>Garbage where the status line should be, then the end.</summary>
    RandomDataThenClose,
}
