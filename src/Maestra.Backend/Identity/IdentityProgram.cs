using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Maestra.Backend.Identity;

/// <summary>
/// The operating system's own store of secrets, through its program: <c>security</c> on macOS, <c>secret-tool</c> on a Linux desktop.
/// The key is never on a command line, where other users could read it. One entry for each state root.
/// </summary>
internal sealed class IdentityProgram(string stateRoot, KeyProgram program) : IIdentityVault
{
    private const string MarkName = "identity.changed";
    private const string LockName = "identity.lock";
    private const int MaxOutputCharacters = 64 * 1024;
    private static readonly TimeSpan MaxRun = TimeSpan.FromSeconds(30);

    /// <summary>Says which entry is this backend's, without telling the path.</summary>
    private readonly string _account = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(stateRoot))))[..16];

    /// <summary>Is there once the store was given a key.</summary>
    private readonly string _mark = Path.Combine(stateRoot, MarkName);

    public string Name => program.Name;

    public async Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken)
    {
        var (run, failure) = await RunAsync(program.ReadArguments(_account), "", cancellationToken);
        if (run is null)
            return (null, failure);
        if (run.ExitCode == program.NotFoundExitCode && run.Output.Trim().Length == 0)
        {
            if (run.Error.Trim().Length > 0 && !program.SaysNotFound(run.Error))
                return (null, Refused(run));

            // A store that is locked looks like an empty one, and a new key would take the place of the one in it.
            return File.Exists(_mark)
                ? (null, $"{program.Name} gives no key, and it was given one: unlock it, and try again. If the key is lost for good, remove {_mark}: "
                    + "the next start makes a new one, with which this backend is another one to its peers")
                : (null, null);
        }

        if (run.ExitCode != 0)
            return (null, Refused(run));
        return KeyText.TryUnpack(run.Output.Trim(), out var text)
            ? (text, null)
            : (null, $"the entry of {program.Name} is not what this program wrote there; remove it, or put the right one back");
    }

    public async Task<(bool Written, string? Failure)> WriteAsync(string? expected, string text, CancellationToken cancellationToken)
    {
        try
        {
            PrivateFolder.Make(stateRoot);
            using var held = await StateLock.TakeAsync(Path.Combine(stateRoot, LockName), cancellationToken);
            var (present, failure) = await ReadAsync(cancellationToken);
            if (failure is not null || present != expected)
                return (false, failure);
            var input = program.WriteInput(_account, KeyText.Pack(text));
            if (input.Length > program.MaxInputCharacters)
                return (false, $"{program.Name} takes {program.MaxInputCharacters} characters, and the keys need {input.Length}; nothing was changed");
            (var run, failure) = await RunAsync(program.WriteArguments(_account), input, cancellationToken);
            if (run is null || run.ExitCode != 0)
                return (false, failure ?? Refused(run!));

            // What was written is read again: a store that is locked may take it and keep nothing.
            (present, failure) = await ReadAsync(cancellationToken);
            if (failure is not null || present != text)
                return (false, failure ?? $"{program.Name} took the key and does not give it back");
            OwnerOnlyFile.Replace(_mark, "The key in the operating system's store was changed when this file was.\n");
            return (true, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (false, $"{stateRoot} cannot be used: {e.Message}");
        }
    }

    /// <summary>The store is a program that may ask its owner questions: a file beside tells when to ask it.</summary>
    public Task<string?> StampAsync(CancellationToken cancellationToken)
    {
        var mark = new FileInfo(_mark);
        return Task.FromResult<string?>(mark.Exists ? mark.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture) : null);
    }

    private string Refused(ProgramRun run) => $"{program.Name} ended with {run.ExitCode}: {run.Error.Trim()}";

    private async Task<(ProgramRun? Run, string? Failure)> RunAsync(IReadOnlyList<string> arguments, string input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program.FileName, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var limit = new CancellationTokenSource(MaxRun, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Process? process = null;
        try
        {
            process = Process.Start(start);
            if (process is null)
                return (null, $"{program.Name} could not be started");
            var output = ReadAsync(process.StandardOutput, either.Token);
            var error = ReadAsync(process.StandardError, either.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), either.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(either.Token);
            return (new ProgramRun(process.ExitCode, await output, await error), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"{program.Name} did not end within {MaxRun.TotalSeconds} s; it may be waiting to be unlocked");
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return (null, $"{program.Name} cannot be used: {e.Message}");
        }
        finally
        {
            if (process is { HasExited: false })
                process.Kill(entireProcessTree: true);
            process?.Dispose();
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[MaxOutputCharacters];
        var read = await reader.ReadBlockAsync(buffer, cancellationToken);
        return new string(buffer, 0, read);
    }

    private sealed record ProgramRun(int ExitCode, string Output, string Error);
}
