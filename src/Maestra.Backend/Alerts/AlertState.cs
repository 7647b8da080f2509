using System.Collections.Immutable;

namespace Maestra.Backend.Alerts;

/// <summary>What alerting remembers. Immutable, and bounded: by the number of titles, and by the window.</summary>
internal sealed record AlertState
{
    public static readonly AlertState Start = new();

    /// <summary>When a message of this title was last sent.</summary>
    public ImmutableDictionary<string, TimeSpan> SentAt { get; init; } = ImmutableDictionary<string, TimeSpan>.Empty;

    /// <summary>Messages of this title that were held back since then.</summary>
    public ImmutableDictionary<string, int> HeldBack { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>Conditions that hold and whose message is held back: each is one of <see cref="HeldBack"/>.</summary>
    public ImmutableHashSet<string> Waiting { get; init; } = [];

    /// <summary>Conditions the operator was told of and that were not told to be over.</summary>
    public ImmutableHashSet<string> Open { get; init; } = [];

    /// <summary>When a request last failed.</summary>
    public TimeSpan? FailedAt { get; init; }

    /// <summary>The asks of the last minutes, oldest first.</summary>
    public ImmutableList<AskSlice> Window { get; init; } = [];
}

/// <summary>The asks that ended within a few seconds.</summary>
internal sealed record AskSlice(TimeSpan From, int Asks, int Errors, double LatencyMs);
