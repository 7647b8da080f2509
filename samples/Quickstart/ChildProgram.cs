using System.Collections.Concurrent;
using System.Diagnostics;

namespace Quickstart;

/// <summary>One of the two programs, started from where the build put it, with a home of its own and none of the caller's settings.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private const int MaxErrorLines = 200;
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(10);
    private static readonly string[] InheritedVariables = ["PATH", "DOTNET_ROOT", "TMPDIR", "TEMP", "TMP", "SystemRoot"];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();

    private ChildProgram(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public bool HasExited => _process.HasExited;

    /// <summary>The last lines of standard error, to explain a failure.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <param name="project">Folder name of the project that makes the program.</param>
    public static ChildProgram Start(
        string project, string name, string home, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        Directory.CreateDirectory(home);
        var info = new ProcessStartInfo(Locate(project, name), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home,
        };
        info.Environment.Clear();
        foreach (var variable in InheritedVariables)
        {
            if (Environment.GetEnvironmentVariable(variable) is { } value)
                info.Environment[variable] = value;
        }

        info.Environment["HOME"] = info.Environment["USERPROFILE"] = home;
        foreach (var (variable, value) in settings)
            info.Environment[variable] = value;
        return new ChildProgram(Process.Start(info) ?? throw new StoryException($"{name} did not start"));
    }

    /// <summary>Ends it without warning, as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await ExitAsync();
    }

    /// <summary>The exit code, once it has ended by itself.</summary>
    public async Task<int> ExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(ExitLimit);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new StoryException($"{_process.StartInfo.FileName} did not end within {ExitLimit.TotalSeconds:0} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    // artifacts/bin/{project}/{configuration}, beside the folder this program was built to.
    private static string Locate(string project, string name)
    {
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var file = name + (OperatingSystem.IsWindows() ? ".exe" : "");
        var path = Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here), file));
        return File.Exists(path) ? path : throw new StoryException($"{path} was not built");
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        _errors.Enqueue(line);
        while (_errors.Count > MaxErrorLines)
            _errors.TryDequeue(out _);
    }
}
