using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;
using Maestra.Backend.Stopping;

namespace Maestra.Backend.Commands;

/// <summary>Runs the backend until a signal stops it.</summary>
internal static class ServeCommand
{
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(SettingSources sources, TextWriter error, BackendParts parts, CancellationToken cancellationToken)
    {
        switch (SettingsBinder.Bind(sources))
        {
            case BindOutcome.Refused refused:
                await error.WriteLineAsync("maestra-backend cannot start with these settings:");
                foreach (var mistake in refused.Errors)
                    await error.WriteLineAsync($"  {mistake}");
                return ExitCode.BadSettings;
            case BindOutcome.Bound bound:
                return await ServeAsync(bound.Settings, error, parts, cancellationToken);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private static async Task<int> ServeAsync(BackendSettings settings, TextWriter error, BackendParts parts, CancellationToken cancellationToken)
    {
        StartOutcome outcome;
        using var signals = new StartSignals(cancellationToken);
        try
        {
            outcome = await BackendServer.StartAsync(settings, parts, signals.Stop);
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            // As whoever stopped it wished. What was being opened ends with the process, as at a kill, which every store bears.
            return ExitCode.Ended;
        }
#pragma warning disable CA1031 // What nobody foresaw still ends with a sentence and an exit code, not as a crash.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await error.WriteLineAsync($"maestra-backend cannot start: {e.Message} (unforeseen; please report it with what follows)");
            await error.WriteLineAsync(e.ToString());
            return ExitCode.StoreUnusable;
        }

        switch (outcome)
        {
            case StartOutcome.Refused refused:
                await error.WriteLineAsync($"maestra-backend cannot start: {refused.Reason}");
                return refused.ExitCode;
            case StartOutcome.Stopped:
                return ExitCode.Ended;
            case StartOutcome.Running running:
                // The drain listens by now.
                signals.Dispose();
                await using (running.Server)
                    await running.Server.WaitForShutdownAsync(cancellationToken);
                return ExitCode.Ended;
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }
}
