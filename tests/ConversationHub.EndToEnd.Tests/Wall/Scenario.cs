using ConversationHub.Testing.Mcp;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>How the hub comes to the local backend's address.</summary>
public enum Finding
{
    /// <summary><c>MAESTRA_LOCAL_URL</c> names it.</summary>
    Named,

    /// <summary>The port file names its port.</summary>
    PortFile,

    /// <summary>Nothing does: it is on one of the ports 8825 to 8829.</summary>
    UsualPorts,
}

/// <summary>One row of the wall: one question, two backends, and what must be seen from both sides.</summary>
/// <param name="Name">In words.</param>
/// <param name="Attempts">
/// What the caller is told: <c>target outcome [status] [code]</c> for each attempt, separated by <c>;</c>, with a
/// question mark where the question may have run.
/// </param>
/// <param name="Asks">How many asks the local backend and the cloud have read.</param>
internal sealed record Scenario(string Name, Fault Local, Fault Cloud, string Attempts, (int Local, int Cloud) Asks)
{
    public string Tool { get; init; } = "maestra_ask";

    /// <summary>The argument <c>route</c>.</summary>
    public string? Route { get; init; }

    /// <summary>The <c>error.code</c> the caller is told; null: the question is answered.</summary>
    public string? Error { get; init; }

    /// <summary>The text the caller reads holds this as well.</summary>
    public string? Says { get; init; }

    /// <summary>The hub has asked for both backends' health before, and so knows what they can do.</summary>
    public bool Warm { get; init; }

    /// <summary>Answers that take their time are given it; faults need not be waited for long.</summary>
    public int TimeoutSeconds { get; init; } = 5;

    /// <summary>How the hub comes to the local backend.</summary>
    public Finding Finding { get; init; }

    public (string Name, string Value)[] Settings { get; init; } = [];

    public McpEra Era { get; init; } = McpEra.Handshake;

    public override string ToString() => Name;
}
