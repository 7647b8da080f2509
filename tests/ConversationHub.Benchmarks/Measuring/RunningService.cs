using System.Diagnostics;
using System.Globalization;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>A service that a benchmark starts, waits for, and kills.</summary>
internal sealed class RunningService : IDisposable
{
    private const int MaxTries = 12_000;
    private const int StopSignal = 15;
    private static readonly TimeSpan TryInterval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(60);

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

    /// <summary>The most that was ever resident, in MB.</summary>
    public double PeakMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64 / 1e6;
        }
    }

    /// <summary>Processor time so far, of threads that have ended too; Linux tells hundredths of a second.</summary>
    public TimeSpan Processor
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
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

    /// <summary>Asks it to end (SIGTERM) and waits until it has.</summary>
    public async Task StopAsync()
    {
        using var kill = Process.Start("kill", [$"-{StopSignal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(StopTime);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
