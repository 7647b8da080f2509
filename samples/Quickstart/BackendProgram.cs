using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Quickstart;

/// <summary>A <c>maestra-backend</c> with its stores under a folder of its own.</summary>
internal sealed class BackendProgram : IAsyncDisposable
{
    private const int MaxHealthPolls = 300;
    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(100);

    private readonly ChildProgram _program;

    private readonly string _home;
    private readonly Dictionary<string, string> _settings;

    private BackendProgram(ChildProgram program, Uri url, string home, Dictionary<string, string> settings)
    {
        _program = program;
        _home = home;
        _settings = settings;
        Url = url;
    }

    public Uri Url { get; }

    /// <summary>Starts it and waits until it says that it is healthy.</summary>
    /// <param name="mode"><c>local</c> or <c>cloud</c>; the latter needs a key.</param>
    /// <param name="home">Kept between two starts, it is the same backend.</param>
    public static async Task<BackendProgram> StartAsync(string mode, string home, string? apiKey = null, int? port = null)
    {
        var chosen = port ?? FreePort();
        var settings = new Dictionary<string, string>
        {
            ["CONVERSATION_HUB_ROOT"] = Path.Combine(home, "conversations"),
            ["MAESTRA_STATE_ROOT"] = Path.Combine(home, "state"),
            ["MAESTRA_MODE"] = mode,
        };
        if (apiKey is not null)
            settings["MAESTRA_API_KEY"] = apiKey;
        // This cloud is for one machine; by default it would listen to the whole network.
        if (mode == "cloud")
            settings["MAESTRA_HOST"] = "127.0.0.1";
        var program = ChildProgram.Start(
            "Maestra.Backend", "maestra-backend", home, settings,
            "serve", "--port", chosen.ToString(CultureInfo.InvariantCulture));
        var backend = new BackendProgram(program, new Uri($"http://127.0.0.1:{chosen}"), home, settings);
        try
        {
            await backend.WaitUntilHealthyAsync(mode);
            return backend;
        }
        catch
        {
            await backend.DisposeAsync();
            throw;
        }
    }

    public Task KillAsync() => _program.KillAsync();

    /// <summary>What a command of this backend's owner prints, typed while the backend runs.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        await using var command = ChildProgram.Start("Maestra.Backend", "maestra-backend", _home, _settings, arguments);
        using var output = new StreamReader(command.Output);
        var text = await output.ReadToEndAsync();
        return await command.ExitAsync() == 0 ? text : throw new StoryException($"{string.Join(' ', arguments[..2])} was refused:\n{command.Errors}");
    }

    /// <summary>What it keeps of a conversation: a line a message. Empty when it has none of that id.</summary>
    public async Task<IReadOnlyList<string>> ReadTranscriptAsync(string conversationId)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, $"/conversations/{conversationId}?user_id=ada"));
        if (_settings.TryGetValue("MAESTRA_API_KEY", out var key))
            request.Headers.Add("X-API-Key", key);
        using var response = await client.SendAsync(request);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return [];
        using var conversation = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        return
        [
            .. conversation.RootElement.GetProperty("messages").EnumerateArray().Select(static message =>
                $"{message.GetProperty("id").GetString()} {message.GetProperty("role").GetString()}: {message.GetProperty("content").GetString()!.ReplaceLineEndings(" ")}"),
        ];
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private async Task WaitUntilHealthyAsync(string mode)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var poll = 0; poll < MaxHealthPolls && !_program.HasExited; poll++)
        {
            try
            {
                using var health = await client.GetAsync(new Uri(Url, "/health"));
                if (health.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(HealthPoll);
        }

        throw new StoryException($"the {mode} backend did not become healthy at {Url}:\n{_program.Errors}");
    }

    /// <summary>Below the ports that systems hand out by themselves, so that it is still free when the backend is started again.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 32_000));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Somebody else's.
            }
        }
    }
}
