using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;
using Maestra.Backend.Conversations;
using Maestra.Backend.Listening;

namespace Maestra.Backend.Hosting;

/// <summary>What comes in from outside: clock, ids, log output, and how the store and the advisor are made.</summary>
internal sealed record BackendParts
{
    public required TimeProvider Time { get; init; }

    /// <summary>Makes the timers of heartbeats, which must fire also while the thread pool is busy.</summary>
    public required TimeProvider Heartbeats { get; init; }

    public required IdSource Ids { get; init; }

    /// <summary>Takes log lines; to standard error outside tests. Thread-safe.</summary>
    public required Action<string> WriteLog { get; init; }

    /// <summary>Standard output, where the audit goes when its owner says so.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>True where people watch standard error on a terminal.</summary>
    public bool IsErrorATerminal { get; init; }

    public required Func<StoreOptions, ILogger, StoreOpening> OpenStore { get; init; }

    /// <summary>Null: the one that the settings name.</summary>
    public IAdvisor? Advisor { get; init; }

    /// <summary>Told of exports and erasures, beside those of the backend itself.</summary>
    public IReadOnlyList<IArchiveObserver> Observers { get; init; } = [];

    /// <summary>Null: those of the mode.</summary>
    public ConnectionLimits? Connections { get; init; }
}
