namespace Maestra.Backend.Providers;

/// <summary>What asking one model gave.</summary>
internal abstract record ModelOutcome
{
    private ModelOutcome()
    {
    }

    /// <param name="Text">Not blank.</param>
    /// <param name="Model">As the provider names it.</param>
    /// <param name="Usage">Null: the provider did not say.</param>
    public sealed record Answered(string Text, string Model, TokenUsage? Usage) : ModelOutcome;

    /// <param name="Reason">For the log; never the provider's text or the question's.</param>
    /// <param name="MayHaveRun">The model may have worked, so that the call may have to be paid.</param>
    public sealed record Failed(string Reason, bool MayHaveRun) : ModelOutcome
    {
        /// <summary>The provider asks for patience.</summary>
        public bool IsBusy { get; init; }

        /// <summary>Null: the provider did not say.</summary>
        public int? RetryAfterSeconds { get; init; }
    }
}

/// <summary>Tokens of one call.</summary>
internal sealed record TokenUsage(int Input, int Output);
