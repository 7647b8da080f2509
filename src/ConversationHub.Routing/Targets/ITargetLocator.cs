namespace ConversationHub.Routing;

/// <summary>Says where a target is. Thread-safe.</summary>
internal interface ITargetLocator
{
    /// <summary>Where it was last found, without looking; null: not found yet.</summary>
    TargetEndpoint? Known { get; }

    /// <summary>Where it is now, looking for it if it is not known.</summary>
    ValueTask<Located> LocateAsync(CancellationToken cancellationToken);

    /// <summary>What is known has failed: the next <see cref="LocateAsync"/> looks again. Idempotent.</summary>
    void Forget();
}

/// <summary>Exactly one of the first two is set.</summary>
/// <param name="Health">What it said of itself when it was found, and how long that took; null where nobody asked it just now.</param>
internal readonly record struct Located(TargetEndpoint? Endpoint, AttemptResult? Failure, (HealthAnswer Answer, TimeSpan Latency)? Health = null);
