using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>A lean MCP client for measuring: requests by id over the pipes of a process, many in flight.</summary>
internal sealed class McpPipe : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _open = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private int _lastId;

    private McpPipe(Process process)
    {
        _process = process;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Starts the server; nothing is sent yet.</summary>
    public static McpPipe Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new McpPipe(process);
    }

    /// <summary>Resident memory in MB of the server.</summary>
    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Processor time of the server so far; Linux tells hundredths of a second.</summary>
    public TimeSpan Processor
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public async Task<JsonElement> InitializeAsync()
    {
        var answer = await RequestAsync("initialize", """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"benchmark","version":"1"}}""");
        await WriteAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return answer;
    }

    public Task<JsonElement> CallAsync(string tool, string arguments) =>
        RequestAsync("tools/call", $$"""{"name":"{{tool}}","arguments":{{arguments}}}""");

    /// <exception cref="InvalidOperationException">The answer is an error, or the tool reported one.</exception>
    public async Task<JsonElement> RequestAsync(string method, string parameters)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answered = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = answered;
        await WriteAsync(string.Create(CultureInfo.InvariantCulture, $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}"""));
        var answer = await answered.Task.WaitAsync(TimeSpan.FromSeconds(60));
        if (!answer.TryGetProperty("result", out var result) || (result.TryGetProperty("isError", out var failed) && failed.GetBoolean()))
            throw new InvalidOperationException($"{method} was answered with {answer}");
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
            _process.Kill();
        await _reading;
        _process.Dispose();
        _writing.Dispose();
    }

    private async Task WriteAsync(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(bytes);
            await _process.StandardInput.BaseStream.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        var reader = PipeReader.Create(_process.StandardOutput.BaseStream);
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var message = JsonElement.Parse(buffer.Slice(0, end).ToArray());
                if (message.TryGetProperty("id", out var id) && _open.TryRemove(id.GetInt32(), out var answered))
                    answered.TrySetResult(message);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return;
        }
    }
}
