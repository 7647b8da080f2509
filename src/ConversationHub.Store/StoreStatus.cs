namespace ConversationHub.Store;

/// <summary>What <c>/health</c> tells of the store.</summary>
/// <param name="Kind"><c>log</c> or <c>postgres</c>.</param>
/// <param name="Conversations">Conversations that are shown: the erased ones not counted.</param>
/// <param name="LastCommit">When something last became durable in this process; null before that.</param>
/// <param name="Health">Whether it can commit and serve all it holds.</param>
/// <param name="Reason">Null when healthy, else one sentence for the operator. May name files; not for clients.</param>
public sealed record StoreStatus(string Kind, int Conversations, DateTimeOffset? LastCommit, StoreHealthState Health, string? Reason);

/// <summary>Whether the store can commit and serve all it holds.</summary>
public enum StoreHealthState
{
    Healthy,

    /// <summary>Commits and serves, but a region of what it holds is damaged, or it works with less than was asked for.</summary>
    Degraded,

    /// <summary>Cannot commit.</summary>
    Unavailable,
}
