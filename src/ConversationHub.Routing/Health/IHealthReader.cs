namespace ConversationHub.Routing;

/// <summary>Reads the state of the targets. Thread-safe and idempotent; never touches a target the owner's settings leave out.</summary>
public interface IHealthReader
{
    /// <summary>Asks each target's <c>/health</c>, at most 2 s after at most 2 s to find it, or tells what was learnt within the last 30 s.</summary>
    /// <param name="refresh">True: what was learnt before is not used.</param>
    Task<HealthSnapshot> ReadAsync(bool refresh, CancellationToken cancellationToken);
}
