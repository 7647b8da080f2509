namespace ConversationHub.Mcp.Asking;

/// <summary>How long one tool call may take (design.md §4).</summary>
internal static class CallBudget
{
    /// <summary>With progress, which keeps the client's timer alive.</summary>
    internal const int WithProgressSeconds = 300;

    /// <summary>Kept of the budget for making the result and writing it, which on a busy machine takes tens of milliseconds.</summary>
    internal const int TellingMilliseconds = 50;

    /// <summary>
    /// Clients that give up after 60 s whatever progress they get (mcp.md §5): Claude Desktop introduces itself as
    /// <c>claude-ai</c> (claude-code#22542); Inspector and mcporter were run. Matched by the start of the name.
    /// </summary>
    private static readonly string[] ClientsDeafToProgress = ["claude-ai", "inspector", "mcp-inspector", "mcporter"];

    /// <param name="withoutProgress">The setting <c>MAESTRA_TIMEOUT_SECONDS</c>.</param>
    /// <param name="hasProgressToken">Whether the caller asked for progress. That alone does not prove that it helps.</param>
    /// <param name="clientName">The client's name, if it gave one.</param>
    internal static TimeSpan Of(TimeSpan withoutProgress, bool hasProgressToken, string? clientName)
    {
        var isDeaf = clientName is not null &&
            Array.Exists(ClientsDeafToProgress, deaf => clientName.StartsWith(deaf, StringComparison.OrdinalIgnoreCase));
        return hasProgressToken && !isDeaf ? TimeSpan.FromSeconds(WithProgressSeconds) : withoutProgress;
    }

    /// <summary>With so little nobody is asked, and the router says why: an answer could not be told in time.</summary>
    internal static TimeSpan Spent => TimeSpan.FromTicks(1);

    /// <summary>What is left of it for waiting and for the router; never less than <see cref="Spent"/>.</summary>
    /// <param name="sinceReceived">How long ago the call was read.</param>
    internal static TimeSpan Left(TimeSpan budget, TimeSpan sinceReceived)
    {
        var left = budget - sinceReceived - TimeSpan.FromMilliseconds(TellingMilliseconds);
        return left > Spent ? left : Spent;
    }
}
