using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Maestra.Backend.Identity;

/// <summary>
/// The operating system's own store of secrets, through its program: <c>security</c> on macOS, <c>secret-tool</c> on a Linux desktop.
/// The key is never on a command line, where other users could read it. One entry for each state root, and, where the program takes too little
/// at once, a second one for the secrets of former pseudonyms, of which there is one more with each change of the key.
/// </summary>
internal sealed class IdentityProgram(string stateRoot, KeyProgram program) : IIdentityVault
{
    private const string MarkName = "identity.changed";
    private const string LockName = "identity.lock";
    private const int MaxOutputCharacters = 64 * 1024;
    private static readonly TimeSpan MaxRun = TimeSpan.FromSeconds(30);

    /// <summary>Says which entry is this backend's, without telling the path.</summary>
    private readonly string _account = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(stateRoot))))[..16];

    private string FormerAccount => _account + ".former";

    /// <summary>Is there once the store was given a key.</summary>
    private readonly string _mark = Path.Combine(stateRoot, MarkName);

    public string Name => program.Name;

    public async Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken)
    {
        var (text, failure) = await ReadEntryAsync(_account, cancellationToken);

        // A store that is locked looks like an empty one, and a new key would take the place of the one in it.
        if (failure is null && text is null && File.Exists(_mark))
        {
            return (null, $"{program.Name} gives no key, and it was given one: unlock it, and try again. If the key is lost for good, remove {_mark}: "
                + "the next start makes a new one, with which this backend is another one to its peers");
        }

        if (text is null || !IdentityDocument.IsSplit(text))
            return (text, failure);
        (var former, failure) = await ReadEntryAsync(FormerAccount, cancellationToken);
        return failure is null ? (IdentityDocument.Join(text, former ?? ""), null) : (null, failure);
    }

    /// <returns>Both null: there is no such entry.</returns>
    private async Task<(string? Text, string? Failure)> ReadEntryAsync(string account, CancellationToken cancellationToken)
    {
        var (run, failure) = await RunAsync(program.ReadArguments(account), "", cancellationToken);
        if (run is null)
            return (null, failure);
        if (run.ExitCode == program.NotFoundExitCode && run.Output.Trim().Length == 0)
            return run.Error.Trim().Length > 0 && !program.SaysNotFound(run.Error) ? (null, Refused(run)) : (null, null);
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
            failure = await WriteEntriesAsync(text, cancellationToken);
            if (failure is not null)
                return (false, failure);

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

    /// <summary>Former secrets first: a crash in between leaves the old keys with one secret more, which does no harm.</summary>
    private async Task<string?> WriteEntriesAsync(string text, CancellationToken cancellationToken)
    {
        if (InputOf(_account, text).Length <= program.MaxInputCharacters)
            return await WriteEntryAsync(_account, text, cancellationToken);
        var (keys, former) = IdentityDocument.Split(text);
        if (former.Length > 0 && await WriteEntryAsync(FormerAccount, former, cancellationToken) is { } failure)
            return failure;
        return await WriteEntryAsync(_account, keys, cancellationToken);
    }

    private async Task<string?> WriteEntryAsync(string account, string text, CancellationToken cancellationToken)
    {
        var input = InputOf(account, text);
        if (input.Length > program.MaxInputCharacters)
            return $"{program.Name} takes {program.MaxInputCharacters} characters, and the keys need {input.Length}; nothing was changed";
        var (run, failure) = await RunAsync(program.WriteArguments(account), input, cancellationToken);
        return run is null ? failure : run.ExitCode == 0 ? null : Refused(run);
    }

    private string InputOf(string account, string text) => program.WriteInput(account, KeyText.Pack(text));

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
