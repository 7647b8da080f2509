namespace ConversationHub.Mcp.Commands;

/// <summary>What the program tells the shell (wire.md §13).</summary>
internal static class ExitCodes
{
    internal const int Ended = 0;

    /// <summary>A question was not answered, or no backend is fit: told by <c>ask</c> and <c>health</c>.</summary>
    internal const int NotAnswered = 1;

    /// <summary>A setting or the command line is wrong.</summary>
    internal const int BadSettings = 2;

    /// <summary>The port for HTTP cannot be had.</summary>
    internal const int NoPort = 3;
}
