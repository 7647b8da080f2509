using System.Globalization;
using ConversationHub.Testing.Network;

namespace ConversationHub.Testing.Processes;

/// <summary>The real <c>maestra-backend</c> on a port of its own, with its stores in a given folder, so that it can be killed and started anew over the same data.</summary>
public sealed class BackendProcess : IAsyncDisposable
{
    private const int MaxPortTries = 3;
    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(50);
    private static readonly int MaxHealthPolls = (int)(TestTimeouts.Signal / HealthPoll);

    private BackendProcess(RunningProgram program, Uri url)
    {
        Program = program;
        Url = url;
    }

    public Uri Url { get; }

    public RunningProgram Program { get; }

    /// <param name="mode"><c>local</c> or <c>cloud</c>.</param>
    /// <param name="folder">Home, conversations and state.</param>
    /// <param name="port">Null: a free one.</param>
    /// <param name="settings">Further environment, such as <c>MAESTRA_API_KEY</c> in cloud mode.</param>
    /// <exception cref="InvalidOperationException">It ended instead of becoming healthy.</exception>
    public static async Task<BackendProcess> StartAsync(
        string mode, string folder, int? port = null, params (string Name, string Value)[] settings)
    {
        for (var tries = 1; ; tries++)
        {
            var chosen = port ?? FreePort.Find();
            var program = RunningProgram.Start(Describe(mode, folder, chosen, settings));
            var backend = new BackendProcess(program, new Uri($"http://127.0.0.1:{chosen}"));
            try
            {
                await backend.WaitUntilHealthyAsync();
                return backend;
            }
            catch (InvalidOperationException) when (program.HasExited && port is null && tries < MaxPortTries)
            {
                // Somebody may have taken the port since it was found free: any other cause comes again.
                await backend.DisposeAsync();
            }
            catch
            {
                await backend.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>The start itself, for tests of starts that must fail.</summary>
    public static ProgramStart Describe(string mode, string folder, int port, params (string Name, string Value)[] settings)
    {
        var start = new ProgramStart(
            BuiltPrograms.Backend, folder, "serve", "--mode", mode, "--port", port.ToString(CultureInfo.InvariantCulture))
            .With("CONVERSATION_HUB_ROOT", Path.Combine(folder, "conversations"))
            .With("MAESTRA_STATE_ROOT", Path.Combine(folder, "state"));
        // In cloud mode it would listen to the whole network, and refuse the hundred and first request of a minute.
        if (mode == "cloud")
            start = start.With("MAESTRA_HOST", "127.0.0.1").With("MAESTRA_RATE_LIMIT_REQUESTS", "1000000");
        return settings.Aggregate(start, (so, setting) => so.With(setting.Name, setting.Value));
    }

    /// <summary>SIGKILL, in the middle of whatever it does.</summary>
    public Task KillAsync() => Program.KillAsync();

    /// <summary>SIGTERM; the exit code.</summary>
    public Task<int> StopAsync() => Program.TerminateAsync();

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    private async Task WaitUntilHealthyAsync()
    {
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        for (var poll = 0; poll < MaxHealthPolls; poll++)
        {
            if (Program.HasExited)
                throw new InvalidOperationException($"maestra-backend ended with {await Program.ExitAsync()}:\n{Program.ErrorText}");
            try
            {
                using var health = await client.GetAsync(new Uri(Url, "/health"));
                if (health.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet; the number of polls is bounded.
            }

            await Task.Delay(HealthPoll, TimeProvider.System);
        }

        throw new TimeoutException($"maestra-backend at {Url} did not become healthy:\n{Program.ErrorText}");
    }
}
