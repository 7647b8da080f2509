namespace ConversationHub.Store;

/// <summary>Why the store could not do its work.</summary>
/// <param name="Kind">What the caller may do about it.</param>
/// <param name="Reason">One sentence, free of paths, fit for a client.</param>
public sealed record StoreFailure(StoreFailureKind Kind, string Reason);

/// <summary>What a caller may do about a failure of the store.</summary>
public enum StoreFailureKind
{
    /// <summary>Nothing was stored; the same call may succeed later (503 <c>store_unavailable</c>).</summary>
    Unavailable,

    /// <summary>Nothing was stored, for want of room (507); works again, without a restart, when there is room.</summary>
    NoRoom,

    /// <summary>
    /// Whether it was stored is not known (500 <c>store_failed</c>). The log writes no more until a restart; a database is asked again.
    /// </summary>
    OutcomeUnknown,
}
