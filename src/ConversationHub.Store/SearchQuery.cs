using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>What to search stored messages for. A null filter lets all pass.</summary>
public sealed record SearchQuery
{
    public const int LimitDefault = 10;
    public const int LimitMax = 100;

    /// <summary>Free text; letter case and punctuation do not matter. At most <see cref="WireLimits.MessageBytes"/>.</summary>
    public required string Text { get; init; }

    /// <summary>Only conversations this user began.</summary>
    public required UserId? Owner { get; init; }

    /// <summary>Only messages of this surface.</summary>
    public SurfaceId? Surface { get; init; }

    /// <summary>Only messages of this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only messages before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>A question that is not to find itself: neither it nor a reply to it is returned.</summary>
    public OperationId? Excluding { get; init; }

    /// <summary>
    /// The conversation in which what is found will be quoted: messages of any other one that is kept on this backend
    /// (the tag <c>local_only</c>) are not found then, since the quotation could leave with it. Null for what only its owner sees.
    /// </summary>
    public ConversationId? QuotedIn { get; init; }

    /// <summary>1–<see cref="LimitMax"/>.</summary>
    public int Limit { get; init; } = LimitDefault;
}

/// <summary>What a search gave.</summary>
public abstract record SearchOutcome
{
    private SearchOutcome()
    {
    }

    /// <summary>Best first.</summary>
    public sealed record Ranked(IReadOnlyList<Passage> Passages) : SearchOutcome;

    public sealed record Unavailable(StoreFailure Failure) : SearchOutcome;
}

/// <summary>A stored message that matches.</summary>
/// <param name="Role">One of <see cref="MessageRole"/>.</param>
/// <param name="Content">The whole message.</param>
/// <param name="Score">Greater than 0; comparable within one answer only.</param>
public sealed record Passage(
    ConversationId ConversationId,
    UserId Owner,
    OperationId MessageId,
    string Role,
    string Surface,
    DateTimeOffset Timestamp,
    string Content,
    double Score);
