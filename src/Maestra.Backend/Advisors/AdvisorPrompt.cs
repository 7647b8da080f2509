using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Advisors;

/// <summary>Everything an advisor may use for one answer.</summary>
internal sealed record AdvisorPrompt
{
    public required OperationId QuestionId { get; init; }

    public required ConversationId ConversationId { get; init; }

    /// <summary>
    /// Who asks: only this user's conversations are searched and quoted, in local mode too, since an answer may go where its user's
    /// conversations go: to a model, or to a peer that is paired for that user.
    /// </summary>
    public required UserId Asker { get; init; }

    public required string Message { get; init; }

    /// <summary>Effective mode.</summary>
    public required string Mode { get; init; }

    /// <summary>What was said before in the conversation, oldest first, without this question.</summary>
    public required IReadOnlyList<ConversationMessage> History { get; init; }

    public required SurfaceContext? Context { get; init; }

    public required IReadOnlyList<string> Hints { get; init; }

    /// <summary>An object as the client sent it, or null.</summary>
    public required JsonElement? ClientContext { get; init; }

    /// <summary>Time that the first caller has left; null when nobody set a limit. The cancellation is what ends the work.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>Called when the work itself begins, by advisors that may refuse before it (<see cref="IAdvisor.TellsWhenWorkBegins"/>).</summary>
    public Action? OnWork { get; init; }
}
