using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ConversationHub.Testing.Processes;

/// <summary>A child process whose lines of output and error can be awaited. Killed, with its children, at the latest when disposed.</summary>
public sealed class RunningProgram : IAsyncDisposable
{
    private const int SigHup = 1;
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly Task _outputEnd;
    private readonly Task _errorEnd;

    private RunningProgram(Process process)
    {
        _process = process;
        _outputEnd = ReadAsync(process.StandardOutput, Output);
        _errorEnd = ReadAsync(process.StandardError, Error);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>Lines of standard output, each as soon as it is complete.</summary>
    public Journal<string> Output { get; } = new();

    /// <summary>Lines of standard error.</summary>
    public Journal<string> Error { get; } = new();

    /// <summary>All of standard error so far, for messages.</summary>
    public string ErrorText => string.Join('\n', Error.Snapshot());

    public static RunningProgram Start(ProgramStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        var process = Process.Start(start.ToStartInfo()) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        return new RunningProgram(process);
    }

    /// <summary>Runs to the end, its input being <paramref name="input"/> and no more.</summary>
    public static async Task<ProgramResult> RunAsync(ProgramStart start, string input = "")
    {
        await using var program = Start(start);
        await program.Input.WriteAsync(input);
        program.Input.Close();
        var exitCode = await program.ExitAsync();
        return new ProgramResult(exitCode, program.Output.Snapshot(), program.Error.Snapshot());
    }

    /// <summary>The exit code, once the process has ended and all its output was read.</summary>
    /// <exception cref="TimeoutException">It did not end within <see cref="TestTimeouts.Signal"/>.</exception>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TestTimeouts.Signal);
        await Task.WhenAll(_outputEnd, _errorEnd).WaitAsync(TestTimeouts.Signal);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL (or its like): no clean-up of any kind.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await ExitAsync();
    }

    /// <summary>SIGTERM, then the exit code. Unix only.</summary>
    public Task<int> TerminateAsync() => EndByAsync(SigTerm);

    /// <summary>SIGHUP, as when its terminal is closed, then the exit code. Unix only.</summary>
    public Task<int> HangUpAsync() => EndByAsync(SigHup);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private async Task<int> EndByAsync(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"kill(2) failed for process {_process.Id}: {Marshal.GetLastPInvokeErrorMessage()}");
        return await ExitAsync();
    }

    private static async Task ReadAsync(StreamReader reader, Journal<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
            lines.Add(line);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
