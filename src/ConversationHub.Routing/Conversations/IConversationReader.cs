using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Reads what backends keep (wire.md §4). The first target of the owner's route that answers is the one that is read;
/// what it does not know is looked for at the next. Changes nothing, at backends or here; thread-safe.
/// </summary>
public interface IConversationReader
{
    /// <summary>The conversations changed last, newest first, of one page.</summary>
    /// <param name="user">Whose; null: of all whom the backend lets this hub see.</param>
    /// <param name="limit">1 to <see cref="WireLimits.ListPageMax"/>.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<ConversationRead<ConversationPage>> ListAsync(UserId? user, int limit, CancellationToken cancellationToken);

    /// <summary>One conversation with its last messages.</summary>
    /// <param name="user">Whose, where one id may belong to several; null: as the backend decides.</param>
    /// <param name="limit">Messages, 1 to <see cref="WireLimits.MessagePageMax"/>.</param>
    /// <param name="before">Only messages older than this one; null: the newest.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<ConversationRead<ConversationDocument>> ReadAsync(
        ConversationId id, UserId? user, int limit, OperationId? before, CancellationToken cancellationToken);
}

/// <summary>What came of reading. Exactly one of <see cref="Value"/> and <see cref="Error"/> is set.</summary>
/// <param name="Value">What was read.</param>
/// <param name="ServedBy">Where; null with an error.</param>
/// <param name="Error">The backend's problem (wire.md §7) or the hub's own code, with a sentence for each target asked.</param>
public sealed record ConversationRead<T>(T? Value, TargetName? ServedBy, RoutingError? Error)
    where T : class;
