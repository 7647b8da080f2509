using System.Text.Json.Nodes;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol.Protocol;

namespace ConversationHub.McpHttp;

/// <summary>What a request says of itself in its headers, which must agree with its body (2026-07-28). Pure.</summary>
/// <param name="ProtocolVersion"><c>MCP-Protocol-Version</c>.</param>
/// <param name="Method"><c>Mcp-Method</c>.</param>
/// <param name="Name"><c>Mcp-Name</c>.</param>
/// <param name="SessionId"><c>Mcp-Session-Id</c>, of the older revisions.</param>
internal sealed record RequestHeaders(string? ProtocolVersion, string? Method, string? Name, string? SessionId)
{
    internal const string ProtocolVersionName = "MCP-Protocol-Version";
    internal const string MethodName = "Mcp-Method";
    internal const string NameName = "Mcp-Name";
    internal const string SessionIdName = "Mcp-Session-Id";

    /// <summary>The revision without handshake and sessions.</summary>
    private const string Stateless = "2026-07-28";

    /// <summary>Those the SDK serves, which has no public list of them.</summary>
    private static readonly string[] Revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", Stateless];

    private const string VersionMember = "io.modelcontextprotocol/protocolVersion";

    /// <summary>A value that cannot stand in a header as it is is sent so (SEP-2243).</summary>
    private const string EncodedPrefix = "=?base64?", EncodedSuffix = "?=";

    /// <summary>Whether a revision is named that is not served (400 since 2025-06-18).</summary>
    internal bool HasUnknownRevision => ProtocolVersion is not null && !Revisions.Contains(ProtocolVersion);

    /// <summary>Whether the request is of a revision without sessions.</summary>
    internal bool IsStateless(JsonRpcMessage message) => ProtocolVersion == Stateless || (SessionId is null && VersionIn(message) is not null);

    internal static HttpRefusal UnknownRevision(JsonRpcMessage? message) =>
        HttpRefusal.Invalid(400, ProtocolTexts.UnknownRevision(Revisions), (message as JsonRpcRequest)?.Id);

    /// <summary>Null: headers and body agree.</summary>
    internal HttpRefusal? Mismatch(JsonRpcMessage message)
    {
        // A client that offers a revision is told by the answer which one is spoken; of those without handshake the SDK says so itself.
        if (HasUnknownRevision && !IsStateless(message) && message is not JsonRpcRequest { Method: RequestMethods.Initialize })
            return UnknownRevision(message);
        if (message is not JsonRpcRequest request)
            return null;
        var said = VersionIn(message);
        if (said is not null && said != ProtocolVersion)
            return Refuse(request, ProtocolVersionName);
        if (ProtocolVersion != Stateless)
            return null;
        if (Method != request.Method)
            return Refuse(request, MethodName);
        var named = NameIn(request);
        return named is not null && Decoded(Name) != named ? Refuse(request, NameName) : null;
    }

    private static HttpRefusal Refuse(JsonRpcRequest request, string header) =>
        HttpRefusal.HeaderMismatch(request.Id, ProtocolTexts.HeaderMismatch(header));

    private static string? VersionIn(JsonRpcMessage message) => message is JsonRpcRequest { Params: JsonObject parameters }
        ? JsonText.Text((parameters["_meta"] as JsonObject)?[VersionMember])
        : null;

    /// <summary>The tool or prompt, or the resource, that a request is about.</summary>
    private static string? NameIn(JsonRpcRequest request) => request.Params is not JsonObject parameters ? null : request.Method switch
    {
        RequestMethods.ToolsCall or RequestMethods.PromptsGet => JsonText.Text(parameters["name"]),
        RequestMethods.ResourcesRead => JsonText.Text(parameters["uri"]),
        _ => null,
    };

    private static string? Decoded(string? header)
    {
        if (header is null || !header.StartsWith(EncodedPrefix, StringComparison.Ordinal) || !header.EndsWith(EncodedSuffix, StringComparison.Ordinal)
            || header.Length < EncodedPrefix.Length + EncodedSuffix.Length)
        {
            return header;
        }

        try
        {
            return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(header[EncodedPrefix.Length..^EncodedSuffix.Length]));
        }
        catch (FormatException)
        {
            // Not encoded after all: then it is what it is.
            return header;
        }
    }
}
