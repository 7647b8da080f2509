using Maestra.Backend.Hosting;
using Maestra.Backend.Identity;
using Maestra.Backend.Logging;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>What the commands about keys and peers have in common: settings, then the backend's identity, then the work.</summary>
internal static class OwnerCommand
{
    /// <param name="work">Null when done, else why not.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(
        string name, SettingSources sources, TextWriter error, BackendParts parts,
        Func<BackendSettings, IdentityStore, ILoggerFactory, Task<string?>> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        switch (SettingsBinder.Bind(sources))
        {
            case BindOutcome.Refused refused:
                await error.WriteLineAsync("maestra-backend cannot use these settings:");
                foreach (var mistake in refused.Errors)
                    await error.WriteLineAsync($"  {mistake}");
                return ExitCode.BadSettings;
            case BindOutcome.Bound bound:
                using (var loggers = BackendLogging.CreateFactory(bound.Settings, parts))
                {
                    if (await work(bound.Settings, IdentityStores.Of(bound.Settings, parts.Time), loggers) is not { } reason)
                        return ExitCode.Ended;
                    await error.WriteLineAsync($"maestra-backend {name}: {reason}");
                    return ExitCode.Refused;
                }

            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }
}
