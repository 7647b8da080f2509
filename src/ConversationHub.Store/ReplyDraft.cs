using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>A reply to be stored: at most <see cref="WireLimits.ReplyBytes"/> of UTF-8.</summary>
public sealed record ReplyDraft
{
    /// <summary>Who asked, as in the <see cref="QuestionDraft"/>.</summary>
    public required UserId User { get; init; }

    /// <summary>Operation id of the question.</summary>
    public required OperationId QuestionId { get; init; }

    public required string Content { get; init; }

    /// <summary>Effective mode.</summary>
    public required string Mode { get; init; }

    /// <summary>Latency, model, tokens, cost, provider and sources. The store adds the operation id and the backend id.</summary>
    public required MessageMeta Meta { get; init; }
}

/// <summary>A reply as it is stored.</summary>
public sealed record StoredReply(OperationId MessageId, string Content, string Mode, DateTimeOffset Timestamp, MessageMeta Meta);
