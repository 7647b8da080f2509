using Maestra.Backend.Advisors;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Providers;

/// <summary>What became of one model in one question.</summary>
internal abstract record ModelCall
{
    private ModelCall()
    {
    }

    /// <param name="CostUsd">Null: not known.</param>
    public sealed record Answered(ModelOutcome.Answered Answer, decimal? CostUsd) : ModelCall;

    public sealed record Failed : ModelCall;

    /// <param name="RetryAfterSeconds">Null: the provider did not say.</param>
    public sealed record Busy(int? RetryAfterSeconds) : ModelCall;

    public sealed record OverLimit(CostLimitHit Hit) : ModelCall;

    /// <summary>What was spent could not be written down, so nothing may be spent.</summary>
    public sealed record NoLedger(string Reason) : ModelCall;
}

/// <summary>The calls of one question that gave no answer, and what they come to together.</summary>
internal sealed class FailedCalls
{
    private readonly List<ModelCall> _calls = [];

    public void Add(ModelCall call) => _calls.Add(call);

    /// <summary>
    /// A limit of the user's is told before anything else: no other backend is a way around it. Costs that cannot be kept come next.
    /// Only when every model is busy is the answer "busy"; the shortest wait is passed on.
    /// </summary>
    public AdvisorOutcome Conclude()
    {
        if (_calls.OfType<ModelCall.OverLimit>().FirstOrDefault() is { } over)
            return new AdvisorOutcome.OverLimit(over.Hit);
        if (_calls.OfType<ModelCall.NoLedger>().Any())
            return new AdvisorOutcome.Failed(AdvisorFailure.Store, "The cost tracker cannot be written.");
        var busy = _calls.OfType<ModelCall.Busy>().ToArray();
        return busy.Length == _calls.Count
            ? new AdvisorOutcome.Failed(AdvisorFailure.Busy, "every model is busy", busy.Min(call => call.RetryAfterSeconds))
            : new AdvisorOutcome.Failed(AdvisorFailure.Provider, "no model answered");
    }
}
