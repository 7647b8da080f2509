using System.Diagnostics;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>A service that a benchmark starts, waits for, and kills.</summary>
internal sealed class RunningService : IDisposable
{
    private const int MaxTries = 400;
    private static readonly TimeSpan TryInterval = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;

    private RunningService(Process process) => _process = process;

    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Starts it and waits until <paramref name="ready"/> answers with success.</summary>
    public static async Task<RunningService> StartAsync(
        Uri ready, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var service = new RunningService(Process.Start(start)!);
        service._process.BeginErrorReadLine();
        using var http = new HttpClient();
        for (var tries = 0; tries < MaxTries; tries++)
        {
            try
            {
                using var response = await http.GetAsync(ready);
                if (response.IsSuccessStatusCode)
                    return service;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TryInterval);
        }

        service.Dispose();
        throw new InvalidOperationException($"{program} did not start.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
