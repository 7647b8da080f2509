using ConversationHub.Contracts;
using Maestra.Backend.Http;

namespace Maestra.Backend.Conversations;

/// <summary>
/// Is told what owners did with stored conversations: for the audit, and for what an erasure must remove outside the store.
/// Any number may be registered; each is awaited, in their order, after the act is durable and before its caller hears of it,
/// so that a receipt of an erasure tells the truth about them too.
/// An observer has no right to refuse: it must not throw, and what it cannot do at once it does later by itself.
/// It must bear the same erasure told twice: a repeated request is told again.
/// </summary>
internal interface IArchiveObserver
{
    Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken);
}

/// <summary>What was done.</summary>
internal enum ArchiveActKind
{
    /// <summary>Audit event <c>conversation_exported</c>.</summary>
    ConversationExported,

    /// <summary>Audit event <c>conversation_erased</c>.</summary>
    ConversationErased,

    /// <summary>Audit event <c>user_exported</c>.</summary>
    UserExported,

    /// <summary>Audit event <c>user_erased</c>.</summary>
    UserErased,
}

/// <param name="Owner">Who began the conversation, or the user whose everything was exported or erased.</param>
/// <param name="ConversationId">Null for a user.</param>
/// <param name="OperationId">Of an erasure.</param>
/// <param name="Request">Whose request it was: request id and owner of the key.</param>
/// <param name="Count">Messages or conversations exported or erased; <see cref="NotCounted"/> for an erasure that came from a peer.</param>
/// <param name="IsComplete">False when an export ended early, since its receiver went away or the store failed.</param>
internal sealed record ArchiveAct(
    ArchiveActKind Kind, UserId Owner, ConversationId? ConversationId, OperationId? OperationId, RequestState Request, int Count, bool IsComplete = true)
{
    public const int NotCounted = 0;

    /// <summary>Nobody asked: the conversation was untouched for as long as the owner of this backend keeps them.</summary>
    public bool IsRetention { get; init; }

    /// <summary>Nobody told of it when it was done: the process was killed in between, so who asked is not known.</summary>
    public bool IsFoundLater { get; init; }

    /// <summary>The backend that sent it; null for what was asked for here.</summary>
    public string? Peer { get; init; }
}
