using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>A question to be stored. The caller has checked its fields (wire.md §1.2).</summary>
public sealed record QuestionDraft
{
    /// <summary>Who asks, resolved: owner of the conversation if the question begins it.</summary>
    public required UserId User { get; init; }

    /// <summary>Becomes the id of the message.</summary>
    public required OperationId OperationId { get; init; }

    /// <summary>Null when none was sent: the store then makes the one of <see cref="GeneratedConversationId"/>.</summary>
    public required ConversationId? ConversationId { get; init; }

    public required string Message { get; init; }

    public required SurfaceId Surface { get; init; }

    /// <summary>As sent; null when there was none.</summary>
    public required string? ModeHint { get; init; }

    public string? FilePath { get; init; }

    public string? Workspace { get; init; }

    /// <summary>Of <see cref="QuestionFingerprint"/>: 64 hexadecimal digits.</summary>
    public required string Fingerprint { get; init; }
}
