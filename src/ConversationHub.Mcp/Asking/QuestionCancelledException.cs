using ConversationHub.Contracts;

namespace ConversationHub.Mcp.Asking;

/// <summary>A question was cancelled after it had been handed to the router, so it may have run; says which one, for a transport that still has somebody to tell.</summary>
internal sealed class QuestionCancelledException(OperationId operation, string conversation, OperationCanceledException cause)
    : OperationCanceledException(cause.Message, cause, cause.CancellationToken)
{
    internal OperationId Operation { get; } = operation;

    internal string Conversation { get; } = conversation;
}
