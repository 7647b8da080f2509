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

/// <summary>Tokens of one call: none negative, and together an <see cref="int"/>.</summary>
internal sealed record TokenUsage
{
    private TokenUsage(int input, int output) => (Input, Output) = (input, output);

    public int Input { get; }

    public int Output { get; }

    /// <param name="total">As told; 0 when it was not. Thinking counts in it, and is paid as output, where the output as told leaves it out.</param>
    /// <returns>Null for numbers that count nothing: they are taken as not told.</returns>
    public static TokenUsage? Of(long input, long output, long total = 0)
    {
        var paid = Math.Max(output, total - input);
        return input >= 0 && output >= 0 && paid <= int.MaxValue - input ? new TokenUsage((int)input, (int)paid) : null;
    }
}
