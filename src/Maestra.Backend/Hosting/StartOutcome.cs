namespace Maestra.Backend.Hosting;

/// <summary>What starting the backend gave.</summary>
internal abstract record StartOutcome
{
    private StartOutcome()
    {
    }

    /// <summary>It answers requests; to be disposed by its owner.</summary>
    public sealed record Running(BackendServer Server) : StartOutcome;

    /// <summary>It was told to stop before it had started; nothing is left open.</summary>
    public sealed record Stopped : StartOutcome;

    /// <param name="ExitCode">One of <see cref="Commands.ExitCode"/>.</param>
    /// <param name="Reason">For the operator.</param>
    public sealed record Refused(int ExitCode, string Reason) : StartOutcome;
}
