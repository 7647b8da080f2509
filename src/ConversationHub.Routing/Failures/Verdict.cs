namespace ConversationHub.Routing;

/// <summary>What follows from an attempt.</summary>
/// <param name="MayHaveRun">Whether the backend may have run the question.</param>
/// <param name="Effect">What it means for the target's breaker.</param>
/// <param name="Next">What the router does now.</param>
/// <param name="FailuresToOpen">How many such failures in a row open the breaker; 0 unless <paramref name="Effect"/> is a failure.</param>
internal sealed record Verdict(bool MayHaveRun, BreakerEffect Effect, NextStep Next, int FailuresToOpen = 0);

internal enum BreakerEffect
{
    None,

    /// <summary>The target is alive: failures in a row start again from zero.</summary>
    Success,

    Failure,

    /// <summary>Open at once.</summary>
    Open,
}

internal enum NextStep
{
    /// <summary>The reply is the answer.</summary>
    Answer,

    /// <summary>The next target, with the same operation id.</summary>
    NextTarget,

    /// <summary>The backend's own words are the result; nothing is sent anywhere else.</summary>
    Final,

    /// <summary>A configuration error: fail closed.</summary>
    Stop,
}
