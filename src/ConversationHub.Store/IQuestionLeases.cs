using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>
/// Who works on a question, where several processes share one store (wire.md §2, Replay: "on any replica"; §10.4, <c>running</c>).
/// A lease is not the guard of the data, which the store itself keeps free of doubles; it keeps a question from being answered, and paid for, twice at once.
/// Thread-safe; outcomes for what goes wrong.
/// </summary>
public interface IQuestionLeases
{
    /// <summary>How long a lease lasts without being taken again. Its holder takes it again well before.</summary>
    TimeSpan Duration { get; }

    /// <summary>Takes the lease if it is free, has run out, or is this process's own.</summary>
    Task<LeaseOutcome> TryTakeAsync(UserId user, OperationId question, CancellationToken cancellationToken);

    /// <summary>Gives the lease back; of one that another has taken since, nothing. What fails is made good by the lease's end.</summary>
    Task ReleaseAsync(UserId user, OperationId question);
}

/// <summary>What became of taking a lease.</summary>
public abstract record LeaseOutcome
{
    private LeaseOutcome()
    {
    }

    /// <summary>This process may answer the question.</summary>
    public sealed record Taken : LeaseOutcome;

    /// <summary>Another process is answering it, or was until a moment ago.</summary>
    public sealed record Held : LeaseOutcome;

    public sealed record Unavailable(StoreFailure Failure) : LeaseOutcome;
}

/// <summary>Where one process has the store to itself: every lease is free.</summary>
public sealed class NoLeases : IQuestionLeases
{
    public static readonly NoLeases Instance = new();
    private static readonly Task<LeaseOutcome> Taken = Task.FromResult<LeaseOutcome>(new LeaseOutcome.Taken());

    private NoLeases()
    {
    }

    public TimeSpan Duration => Timeout.InfiniteTimeSpan;

    public Task<LeaseOutcome> TryTakeAsync(UserId user, OperationId question, CancellationToken cancellationToken) => Taken;

    public Task ReleaseAsync(UserId user, OperationId question) => Task.CompletedTask;
}
