using System.Diagnostics;

namespace ConversationHub.Store.CrashHarness;

/// <summary>A process that writes to a store until it is killed. It waits, with its code loaded, until it is told which store to open.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    private Child(Process process) => _process = process;

    public static Child Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(Child).Assembly.Location);
        start.ArgumentList.Add("write");
        return new Child(Process.Start(start)!);
    }

    /// <returns>What it says was acknowledged, once it has opened the store.</returns>
    public async Task<StreamReader> OpenAsync(string root)
    {
        await _process.StandardInput.WriteLineAsync(root);
        await _process.StandardInput.FlushAsync();
        if (await _process.StandardOutput.ReadLineAsync() != Writer.Ready)
            throw new InvalidOperationException("The child did not open the store.");
        return _process.StandardOutput;
    }

    /// <summary>With SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
