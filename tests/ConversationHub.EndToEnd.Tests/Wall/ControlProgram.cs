using System.Diagnostics;
using ConversationHub.Testing.Time;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>
/// A second hub that does nothing but answer pings, for all rows of the wall: how late a process like ours answers a trivial request while
/// another one is scored. It ends with the tests.
/// </summary>
internal sealed class ControlProgram
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private static readonly Lazy<Task<ControlProgram>> Shared = new(StartAsync);

    private readonly Process _process;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private ControlProgram(Process process) => _process = process;

    /// <summary>Measures from now until it is disposed.</summary>
    public static async Task<LatenessControl> BesideAsync()
    {
        var program = await Shared.Value;
        return new LatenessControl(Step, program.PingAsync);
    }

    private static async Task<ControlProgram> StartAsync()
    {
        var home = new HubHome();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => home.Dispose();
        var program = new ControlProgram(Process.Start(home.Serve().ToStartInfo())!);
        program._process.ErrorDataReceived += static (_, _) => { };
        program._process.BeginErrorReadLine();
        await program.RequestAsync("""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"control","version":"1"}}}""");
        await program.PingAsync();
        return program;
    }

    private Task PingAsync() => RequestAsync("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");

    private async Task RequestAsync(string line)
    {
        await _turn.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
            if (await _process.StandardOutput.ReadLineAsync() is null)
                throw new InvalidOperationException("The control has ended.");
        }
        finally
        {
            _turn.Release();
        }
    }
}
