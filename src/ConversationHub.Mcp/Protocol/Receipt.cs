using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Protocol;

/// <summary>
/// When a call was read. Its time runs from then on: the first call of a process waits for code that was never run before, and a
/// call among many for its turn.
/// </summary>
internal static class Receipt
{
    private const string Key = "maestra.received";

    /// <summary>Notes it on calls of tools; nothing else has a budget.</summary>
    internal static void Note(JsonRpcMessage message, TimeProvider time)
    {
        if (message is not JsonRpcRequest { Method: RequestMethods.ToolsCall })
            return;
        message.Context ??= new JsonRpcMessageContext();
        (message.Context.Items ??= new Dictionary<string, object?>(capacity: 1))[Key] = time.GetTimestamp();
    }

    /// <returns>A timestamp of the clock it was noted by; null: not noted.</returns>
    internal static long? Of(JsonRpcMessage message) =>
        message.Context?.Items is { } items && items.TryGetValue(Key, out var at) ? (long)at! : null;
}
