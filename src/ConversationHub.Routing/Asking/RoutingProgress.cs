namespace ConversationHub.Routing;

/// <summary>What the router is doing with a question.</summary>
/// <param name="Asking">The target that is being asked now.</param>
/// <param name="GaveUpOn">The attempt that ended before, null for the first target.</param>
/// <param name="NewText">A piece of the reply that this target streams, as a preview; null when the report tells of a target.</param>
public sealed record RoutingProgress(TargetName Asking, Attempt? GaveUpOn, string? NewText = null);
