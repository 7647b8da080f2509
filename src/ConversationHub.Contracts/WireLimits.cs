namespace ConversationHub.Contracts;

/// <summary>Limits of every message (wire.md §1.2). Beyond them a request is refused, never cut.</summary>
public static class WireLimits
{
    /// <summary>Any request body but that of <c>/sync</c>; beyond it 413.</summary>
    public const int RequestBodyBytes = 1 << 20;

    /// <summary>The body of <c>/sync</c>, as sent and once more after decoding; beyond it 413.</summary>
    public const int SyncBodyBytes = 8 << 20;

    /// <summary>A question in UTF-8; beyond it 422.</summary>
    public const int MessageBytes = 256 * 1024;

    /// <summary>A stored reply in UTF-8; beyond it 502 <c>provider_failed</c>.</summary>
    public const int ReplyBytes = 1 << 20;

    /// <summary>Beyond it 409 <c>conversation_full</c>.</summary>
    public const int MessagesPerConversation = 100_000;

    /// <summary>A response body the hub reads, after decompression.</summary>
    public const int ResponseBodyBytes = 8 << 20;

    public const int ModeHintCharacters = 64;
    public const int TitleCharacters = 200;
    public const int TagCharacters = 64;

    /// <summary>Of each list in a change of a conversation.</summary>
    public const int ChangeItems = 64;

    public const int ArtifactTypeCharacters = 64;
    public const int ArtifactIdCharacters = 256;

    /// <summary><c>q</c> of a search.</summary>
    public const int SearchCharacters = 1024;

    /// <summary>Of each result of a search, the marks where it was cut not counted.</summary>
    public const int ExcerptCharacters = 300;

    public const int CursorCharacters = 256;
    public const int ContextHints = 32;
    public const int ContextHintCharacters = 1024;
    public const int PathCharacters = 4096;
    public const int PageUrlCharacters = 8192;
    public const int SelectionBytes = 65_536;
    public const int JsonDepth = 32;

    public const int RequestLineBytes = 8 * 1024;
    public const int HeaderBytes = 32 * 1024;
    public const int BodyArrivalSeconds = 30;

    /// <summary>The longest <c>X-Deadline-Ms</c>.</summary>
    public const int DeadlineMilliseconds = 600_000;

    /// <summary>Time a caller has when it names none.</summary>
    public const int DefaultDeadlineMilliseconds = 60_000;

    /// <summary>The same for <c>mode: deep</c>.</summary>
    public const int DeepDeadlineMilliseconds = 300_000;

    public const int ListPageDefault = 50;
    public const int ListPageMax = 200;
    public const int MessagePageDefault = 1000;
    public const int MessagePageMax = 10_000;
}
