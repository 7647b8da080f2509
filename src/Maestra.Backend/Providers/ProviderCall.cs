namespace Maestra.Backend.Providers;

/// <summary>How a call to a provider ended: values of the label <c>outcome</c> of <c>maestra_provider_requests_total</c> (wire.md §6).</summary>
internal static class ProviderCall
{
    public const string Answered = "answered";
    public const string Failed = "failed";

    /// <summary>The provider asked for patience, or is left in peace because it did a moment ago.</summary>
    public const string Busy = "busy";

    /// <summary>It did not answer within its share of the caller's time.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>Nobody waited any more.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>It was not called: a cost limit stands before it.</summary>
    public const string CostLimited = "cost_limited";
}
