namespace ConversationHub.Mcp.Http;

/// <summary>How the hub serves MCP over HTTP. Immutable.</summary>
/// <param name="Port">On the loopback interface; 0: one that is free.</param>
/// <param name="Token">What a client must send as <c>Authorization: Bearer</c>; null: the owner lets every program of this machine in.</param>
internal sealed record HttpSettings(int Port, string? Token)
{
    /// <summary>The value of the setting that lets everyone in.</summary>
    internal const string NoToken = "none";

    internal const int MinTokenCharacters = 16;
}
