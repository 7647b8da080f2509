using System.Text.Json;
using ConversationHub.Contracts;
using ModelContextProtocol;

namespace ConversationHub.Mcp.Asking;

/// <summary>One call of a tool, freed from the protocol: what was sent, by whom, and where progress goes.</summary>
/// <param name="Arguments">As sent.</param>
/// <param name="ClientName">The client's name, if it gave one.</param>
/// <param name="SendProgress">Null: the caller did not ask for progress.</param>
/// <param name="Trace">Of the caller, if it sent one.</param>
internal sealed record ToolCall(
    IReadOnlyList<KeyValuePair<string, JsonElement>> Arguments,
    string? ClientName,
    Func<ProgressNotificationValue, CancellationToken, Task>? SendProgress,
    TraceContext? Trace)
{
    /// <summary>When the call was read, a timestamp of the hub's clock; null: just now.</summary>
    internal long? ReceivedAt { get; init; }
}
