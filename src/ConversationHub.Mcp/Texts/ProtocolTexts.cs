using System.Text.Json;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Stdio;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Texts;

/// <summary>Messages of JSON-RPC errors: what a client's developer reads in a log.</summary>
internal static class ProtocolTexts
{
    internal const string NotUtf8 = "The message is not UTF-8.";

    internal const string NotJson = "The message is not one JSON value. Over standard input each message is a line, without a newline inside.";

    internal static readonly string LineTooLong =
        $"The message is longer than {StdioLimits.MaxLineBytes} bytes and was skipped.";

    internal static readonly string TooManySubscriptions =
        $"{StdioLimits.MaxOpenSubscriptions} subscriptions are open already; cancel one first.";

    internal static readonly string TooManyRequests =
        $"{StdioLimits.MaxOpenRequests} requests are open, or answered and not read yet. Read the answers, or cancel some, then send it again; nothing was done.";

    internal static readonly string RequestsTooLarge =
        $"The requests that are open take {StdioLimits.MaxOpenBytes >> 20} MiB together. Wait for an answer, or cancel some, then send it again; nothing was done.";

    internal static readonly string AnswersUnread =
        $"More than {StdioLimits.MaxUnwrittenBytes >> 20} MiB of answers are not read yet. Read them, then send it again; nothing was done.";

    internal static string IdInUse(RequestId id) =>
        $"A request with the id {DisplayText.Quote(id.ToString())} is still open. Use a new id for each request.";

    internal static string InvalidRequest(LineInspection line) => line switch
    {
        { Root: JsonTokenType.StartArray } => "Batches are not supported. Send each message by itself.",
        { Root: not JsonTokenType.StartObject } => "A message is a JSON object.",
        { HasTwice: true } => "A member stands twice in the message.",
        { HasVersion: false } => "The member \"jsonrpc\" must be \"2.0\".",
        { HasId: true, Id: null } => "The member \"id\" must be a string or an integer of at most 64 bits.",
        { HasMethod: false } => "The member \"method\" must be a string.",
        _ => "The message has duplicate keys, text that is no Unicode, or is nested deeper than 64 levels.",
    };

    internal const string HostRefused = "The header Host must name this machine: 127.0.0.1, [::1] or localhost.";

    internal const string OriginRefused = "The header Origin names a web page of another machine.";

    internal const string TokenRefused = "The header Authorization must be Bearer and the token of MCP_SERVER_TOKEN or MCP_SERVER_TOKEN_FILE.";

    internal const string NoSuchPath = "MCP is served at /mcp.";

    internal const string HttpMethods = "Send a message by POST, listen by GET, end a session by DELETE.";

    internal const string AcceptBoth = "The header Accept must name both application/json and text/event-stream.";

    internal const string AcceptEvents = "The header Accept must name text/event-stream.";

    internal const string ContentIsJson = "The header Content-Type must be application/json.";

    internal const string BodyIsPlain = "The body must be sent as it is, without Content-Encoding.";

    internal const string BodyBroken = "The body did not arrive in time.";

    internal const string NoHandshake = "There is no initialize in this revision: send the request itself, or server/discover.";

    internal const string NoSuchSession = "There is no such session. Send initialize without the header Mcp-Session-Id for a new one.";

    internal const string SessionMissing = "The header Mcp-Session-Id is missing. Send initialize first, or speak revision 2026-07-28.";

    internal const string OneStream = "A session has one stream of events to listen to, and this one has had it; what is asked is answered in the response to its POST.";

    internal static readonly string TooManySessions =
        $"{HttpLimits.MaxSessions} sessions are open, and each has a request open. End one with DELETE, or try again later.";

    internal const string HubStopped = "The hub was stopped before this was answered.";

    internal const string SessionEnded = "The session was ended before this was answered.";

    /// <param name="why">A sentence.</param>
    internal static string NothingRan(string why) => $"{why} Nothing was done by it; send it again.";

    internal const string HubStops = "The hub is being stopped. Nothing was done; send it again when it is back.";

    internal static string UnknownRevision(IEnumerable<string> known) =>
        $"The header MCP-Protocol-Version names none of the revisions served here: {string.Join(", ", known)}.";

    internal static string HeaderMismatch(string header) => $"The header {header} must say what the body says.";

    internal static string UnknownTool(string? name, IEnumerable<string> known) =>
        $"There is no tool {DisplayText.Quote(name ?? "")}. The tools are {string.Join(", ", known)}.";

    internal static string InvalidParameters(string method) =>
        $"The parameters of {DisplayText.Quote(method)} do not have the shape the protocol asks for.";
}
