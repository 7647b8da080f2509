using ConversationHub.Contracts;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Advisors;

/// <summary>What asking an advisor gave.</summary>
internal abstract record AdvisorOutcome
{
    private AdvisorOutcome()
    {
    }

    /// <param name="Text">Not empty.</param>
    /// <param name="Tokens">Of prompt and reply together.</param>
    /// <param name="Sources">Passages the reply rests on.</param>
    public sealed record Answered(string Text, string Provider, string Model, int Tokens, decimal CostUsd, IReadOnlyList<ReplySource> Sources)
        : AdvisorOutcome
    {
        /// <summary>False when price or tokens are not known; <see cref="CostUsd"/> is then 0 and no statement.</summary>
        public bool IsCostKnown { get; init; } = true;
    }

    /// <summary>A cost limit stands before every model that could be asked (429 <c>cost_limit_exceeded</c>).</summary>
    public sealed record OverLimit(CostLimitHit Hit) : AdvisorOutcome;

    /// <param name="Reason">For the log; never holds the provider's text or the question's.</param>
    /// <param name="RetryAfterSeconds">Null: unknown.</param>
    public sealed record Failed(AdvisorFailure Failure, string Reason, int? RetryAfterSeconds = null) : AdvisorOutcome;
}

/// <summary>Why an advisor could not answer.</summary>
internal enum AdvisorFailure
{
    /// <summary>The provider could not be reached, refused, or answered nonsense (502 <c>provider_failed</c>).</summary>
    Provider,

    /// <summary>The provider asks for patience (503 <c>provider_busy</c>).</summary>
    Busy,

    /// <summary>What the advisor rests on in the store could not be read (503 <c>store_unavailable</c>).</summary>
    Store,
}
