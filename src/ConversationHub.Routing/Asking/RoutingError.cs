namespace ConversationHub.Routing;

/// <summary>Why nobody answered.</summary>
/// <param name="Code">The backend's problem code (wire.md §7) or one of <see cref="RoutingErrorCode"/>.</param>
/// <param name="Detail">A sentence for a person or a model.</param>
/// <param name="RetryAfterSeconds">When it may be tried again, if a backend said so.</param>
public sealed record RoutingError(string Code, string Detail, int? RetryAfterSeconds);

/// <summary>The hub's own error codes (wire.md §12).</summary>
public static class RoutingErrorCode
{
    public const string AllTargetsFailed = "all_targets_failed";

    /// <summary>Route and settings together leave no target.</summary>
    public const string NoTargetAllowed = "no_target_allowed";

    public const string DeadlineExceeded = "deadline_exceeded";
}
