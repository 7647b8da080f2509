namespace Maestra.Backend.Alerts;

/// <summary>Takes what may call for an alert. Injected wherever such things happen.</summary>
internal interface IAlerts
{
    /// <summary>Thread-safe; never waits and never fails.</summary>
    void Tell(AlertSignal signal);
}

/// <summary>When no address is set.</summary>
internal sealed class NoAlerts : IAlerts
{
    public void Tell(AlertSignal signal)
    {
        // Nobody is to be told.
    }
}
