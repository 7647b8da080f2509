using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Advisors;

/// <summary>Everything an advisor may use for one answer.</summary>
internal sealed record AdvisorPrompt
{
    public required OperationId QuestionId { get; init; }

    public required ConversationId ConversationId { get; init; }

    /// <summary>Whose conversations may be searched; null for all of one namespace.</summary>
    public required UserId? SearchOwner { get; init; }

    public required string Message { get; init; }

    /// <summary>Effective mode.</summary>
    public required string Mode { get; init; }

    /// <summary>What was said before in the conversation, oldest first, without this question.</summary>
    public required IReadOnlyList<ConversationMessage> History { get; init; }

    public required SurfaceContext? Context { get; init; }

    public required IReadOnlyList<string> Hints { get; init; }

    /// <summary>An object as the client sent it, or null.</summary>
    public required JsonElement? ClientContext { get; init; }
}
