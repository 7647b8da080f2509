using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>Which conversations to list. A null filter lets all pass.</summary>
public sealed record ListQuery
{
    /// <summary>Only those this user began.</summary>
    public required UserId? Owner { get; init; }

    /// <summary>Only those this surface has written to.</summary>
    public SurfaceId? Surface { get; init; }

    /// <summary>One of <see cref="ConversationStatus"/>; null for all.</summary>
    public string? Status { get; init; } = ConversationStatus.Active;

    /// <summary>1–<see cref="WireLimits.ListPageMax"/>.</summary>
    public int Limit { get; init; } = WireLimits.ListPageDefault;

    /// <summary><see cref="ConversationPage.NextCursor"/> of the page before; null for the first.</summary>
    public string? Cursor { get; init; }
}

/// <summary>What a listing gave.</summary>
public abstract record ListOutcome
{
    private ListOutcome()
    {
    }

    public sealed record Listed(ConversationPage Page) : ListOutcome;

    /// <summary>The cursor is none of this store's (422).</summary>
    public sealed record BadCursor : ListOutcome;

    public sealed record Unavailable(StoreFailure Failure) : ListOutcome;
}
