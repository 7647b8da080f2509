namespace ConversationHub.Routing;

/// <summary>
/// Bounds what is sent a second time: repeats at the same target, and hedges (design.md §4).
/// Moving on to the next target is failover and costs nothing. Thread-safe.
/// </summary>
internal sealed class RetryBudget
{
    /// <summary>In tenths of a token, so that a tenth comes back exactly.</summary>
    private const int MaxTenths = 100;

    private const int CostTenths = 10;
    private const int RefundTenths = 1;

    /// <summary>Below five tokens nothing is repeated.</summary>
    private const int FloorTenths = 50;

    private readonly Lock _gate = new();
    private int _tenths = MaxTenths;

    /// <summary>Takes a token; false when too few are left.</summary>
    public bool TrySpend()
    {
        lock (_gate)
        {
            if (_tenths < FloorTenths)
                return false;
            _tenths -= CostTenths;
            return true;
        }
    }

    /// <summary>A question was answered: a tenth of a token comes back.</summary>
    public void Refund()
    {
        lock (_gate)
            _tenths = Math.Min(MaxTenths, _tenths + RefundTenths);
    }
}
