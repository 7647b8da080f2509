using ConversationHub.Contracts;

namespace Maestra.Backend.Metrics;

/// <summary>What becomes known of an ask on its way, for its report. One request alone writes it.</summary>
internal sealed class AskNotes
{
    public SurfaceId? Surface { get; set; }

    public UserId? User { get; set; }

    public ConversationId? Conversation { get; set; }

    public string? Mode { get; set; }

    /// <summary>0 for a replay, which costs nothing again.</summary>
    public int Tokens { get; set; }

    public decimal CostUsd { get; set; }
}
