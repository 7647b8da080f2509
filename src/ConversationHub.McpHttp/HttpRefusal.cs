using ConversationHub.Mcp.Stdio;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace ConversationHub.McpHttp;

/// <summary>A request that is answered without being handed to a session: a status and a JSON-RPC error.</summary>
internal sealed record HttpRefusal(int Status, LineRefusal Error)
{
    /// <summary>Not in the specification; what the SDKs give for a session that is not there.</summary>
    private const int NoSuchSessionCode = -32001;

    /// <summary>A header says something else than the body (2026-07-28).</summary>
    private const int HeaderMismatchCode = -32020;

    internal static HttpRefusal Of(LineRefusal error) => new(400, error);

    internal static HttpRefusal Invalid(int status, string message, RequestId? id = null) => new(status, LineRefusal.Invalid(id, message));

    internal static HttpRefusal HeaderMismatch(RequestId? id, string message) =>
        new(400, new LineRefusal(id, (McpErrorCode)HeaderMismatchCode, message));

    internal static HttpRefusal NoSuchMethod(RequestId? id, string message) => new(404, new LineRefusal(id, McpErrorCode.MethodNotFound, message));

    internal static HttpRefusal NoSuchSession(string message) => new(404, new LineRefusal(null, (McpErrorCode)NoSuchSessionCode, message));

    /// <summary>The status of an answer that is an error, where the revision without sessions has one for it (SEP-2575).</summary>
    internal static int StatusOf(JsonRpcMessage? first) => first is JsonRpcError error
        ? error.Error.Code switch
        {
            (int)McpErrorCode.MethodNotFound => 404,
            -32020 or -32021 or -32022 or (int)McpErrorCode.InvalidRequest or (int)McpErrorCode.InvalidParams => 400,
            _ => 200,
        }
        : 200;
}
