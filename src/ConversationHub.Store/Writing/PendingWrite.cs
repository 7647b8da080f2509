using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Search;

namespace ConversationHub.Store.Writing;

/// <summary>A write that waits for its turn. The body is made by the caller, so that the one writer has little to do.</summary>
/// <param name="Kind">What must hold for it to be admitted.</param>
/// <param name="User">Who asks for it.</param>
/// <param name="OperationId">Id of the operation to be written.</param>
/// <param name="ConversationId">Null: to be generated.</param>
/// <param name="Message">What the operation says.</param>
internal sealed record PendingWrite(WriteKind Kind, UserId User, OperationId OperationId, ConversationId? ConversationId, MessageBody Message)
{
    private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The message as JSON.</summary>
    public byte[] Body { get; } = JsonSerializer.SerializeToUtf8Bytes(Message, MaestraJson.Compact.MessageBody);

    /// <summary>The message's words, for the search index.</summary>
    public TermCounts Terms { get; } = SearchPolicy.TermsOf(Message);

    /// <summary>When the write was asked for.</summary>
    public DateTimeOffset At => Message.Timestamp;

    /// <summary>Of a reply: its question.</summary>
    public OperationId? QuestionId { get; init; }

    public Task<WriteResult> Done => _done.Task;

    public void Complete(WriteResult result) => _done.TrySetResult(result);
}

/// <summary>What kind of write it is.</summary>
internal enum WriteKind
{
    Question,
    Reply,
}

/// <summary>What became of a write.</summary>
internal abstract record WriteResult
{
    private WriteResult()
    {
    }

    /// <summary>Durable, and shown.</summary>
    public sealed record Committed(ConversationId ConversationId, UserId Owner) : WriteResult;

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
    ConversationFull,
    UnknownQuestion,
}
