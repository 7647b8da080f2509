using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;
using ConversationHub.Store.Sync;

namespace ConversationHub.Store.Writing;

/// <summary>A write that waits for its turn: operations of one conversation that become durable together.</summary>
/// <param name="Kind">What must hold for it to be admitted.</param>
/// <param name="User">Who asks for it; null for one who may do so for all.</param>
/// <param name="ConversationId">Null: to be generated, or none.</param>
/// <param name="Operations">At least one, but for the kinds that write nothing to the log.</param>
internal sealed record PendingWrite(WriteKind Kind, UserId? User, ConversationId? ConversationId, IReadOnlyList<OperationDraft> Operations)
{
    private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When the write was asked for.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Of a reply: its question.</summary>
    public OperationId? QuestionId { get; init; }

    /// <summary>Of an erasure by retention: only if nothing has touched the conversation since then.</summary>
    public DateTimeOffset? UntouchedSince { get; init; }

    /// <summary>Of an import: the clock of each operation. Null: now.</summary>
    public IReadOnlyList<HybridTimestamp>? Clocks { get; init; }

    /// <summary>Of new origins: the cause, for the log.</summary>
    public string? Why { get; init; }

    /// <summary>Of a notice: what the peer holds, by origin.</summary>
    public IReadOnlyDictionary<string, long>? PeerHave { get; init; }

    /// <summary>Of a peer's batch: where each operation stands in its stream.</summary>
    public IReadOnlyList<StoredOperation>? Places { get; init; }

    /// <summary>Of a peer's batch: what it brought, known once the write is done.</summary>
    public ForeignAdmittance? Admitted { get; set; }

    /// <summary>True when what it changes depends on everything written before it: it then begins a batch and ends it.</summary>
    public bool StandsAlone => Kind is WriteKind.EraseConversation or WriteKind.EraseUser or WriteKind.NewSegment or WriteKind.NewOrigins or WriteKind.Import
        or WriteKind.Foreign or WriteKind.Release or WriteKind.Notice or WriteKind.Reissue;

    public Task<WriteResult> Done => _done.Task;

    public void Complete(WriteResult result) => _done.TrySetResult(result);
}

/// <summary>What kind of write it is.</summary>
internal enum WriteKind
{
    Question,
    Reply,

    /// <summary>A question and its reply.</summary>
    Exchange,

    /// <summary>Fields of a conversation.</summary>
    Change,
    EraseConversation,
    EraseUser,

    /// <summary>Operations that were made elsewhere; those that are held already are left out.</summary>
    Import,

    /// <summary>Writes nothing: the next operation goes to a new segment, so that the one before can be compacted.</summary>
    NewSegment,

    /// <summary>Writes nothing to the log: every later operation goes to new origins.</summary>
    NewOrigins,

    /// <summary>Operations of a peer, each in the stream it came in.</summary>
    Foreign,

    /// <summary>Copies, in this backend's own stream, of operations that peers cannot get in the stream they stand in.</summary>
    Reissue,

    /// <summary>Writes nothing: looks whether a peer holds more of this store's own streams than it does, and takes new ones then.</summary>
    Notice,

    /// <summary>Writes nothing: what was held back because its clock was ahead takes effect.</summary>
    Release,
}

/// <summary>What became of a write.</summary>
internal abstract record WriteResult
{
    private WriteResult()
    {
    }

    /// <summary>Durable, and shown.</summary>
    /// <param name="ConversationId">Null in the erasure of a user.</param>
    /// <param name="Operations">How many were written.</param>
    public sealed record Committed(ConversationId? ConversationId, UserId Owner, int Operations) : WriteResult;

    /// <summary>Not admitted; nothing was written.</summary>
    public sealed record Rejected(Refusal Why, ConversationId? ConversationId) : WriteResult;

    public sealed record NotCommitted(StoreFailure Failure) : WriteResult;
}

/// <summary>Why a write was not admitted.</summary>
internal enum Refusal
{
    /// <summary>The id of the question is taken, or the question has its reply: what is stored tells more.</summary>
    Exists,
    Erased,

    /// <summary>A file of the conversation's id could not be imported, and the log does not know the conversation.</summary>
    Damaged,
    ConversationFull,
    UnknownQuestion,
    NotFound,
    Ambiguous,

    /// <summary>Another operation is held under the same origin and sequence number.</summary>
    OriginConflict,
}
