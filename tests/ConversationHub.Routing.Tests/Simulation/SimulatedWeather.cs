namespace ConversationHub.Routing.Tests.Simulation;

/// <summary>How a simulated backend treats what reaches it, until the weather changes.</summary>
internal enum SimulatedWeather
{
    Up,

    /// <summary>Answers after seconds; its health answers at once.</summary>
    Slow,
    Refused,
    ConnectHangs,

    /// <summary>Reads the question and breaks the connection.</summary>
    Resets,

    /// <summary>Neither questions nor health are ever answered.</summary>
    Hangs,

    /// <summary>As <see cref="Hangs"/>, and cancellation is ignored too.</summary>
    Deaf,
    Garbage,
    Impostor,
    Busy,

    /// <summary>503 with <c>Retry-After</c>.</summary>
    BusyForAWhile,
    Fails,

    /// <summary>Health says healthy, questions get 502.</summary>
    Lies,

    /// <summary>A final refusal.</summary>
    RefusesTheQuestion,
    OverQuota,
    BadCertificate,
}
