using System.Text.Json;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Protocol;

/// <summary>
/// Answers parameters of the wrong shape with "invalid params" (-32602); left alone the SDK calls them an internal
/// error (-32603), as if the fault were ours.
/// </summary>
internal static class ParameterErrors
{
    internal static McpMessageHandler Filter(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        try
        {
            await next(context, cancellationToken);
        }
        catch (JsonException) when (context.JsonRpcMessage is JsonRpcRequest)
        {
            throw new McpProtocolException(
                ProtocolTexts.InvalidParameters(((JsonRpcRequest)context.JsonRpcMessage).Method), McpErrorCode.InvalidParams);
        }
    };
}
