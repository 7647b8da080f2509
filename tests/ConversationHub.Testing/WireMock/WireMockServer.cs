using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Processes;
using Xunit;

namespace ConversationHub.Testing.WireMock;

/// <summary>
/// A WireMock server of its own on a free loopback port, for use as <c>IClassFixture&lt;WireMockServer&gt;</c> by classes
/// whose tests carry <see cref="WireMockFactAttribute"/>. Stubs and journal go over its admin API.
/// </summary>
public sealed class WireMockServer : IAsyncLifetime
{
    private const string PortLabel = "port:";
    private const int MaxReadyPolls = 100;
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _admin = new() { Timeout = TestTimeouts.Signal };
    private TemporaryFolder? _folder;
    private RunningProgram? _program;
    private Uri? _url;

    public Uri Url => _url ?? throw new InvalidOperationException(WireMockTools.MissingReason);

    public async Task InitializeAsync()
    {
        // The tests that would use it are skipped, or say the reason themselves.
        if (WireMockTools.MissingReason is not null)
            return;

        var jar = await WireMockInstallation.EnsureAsync();
        _folder = new TemporaryFolder();
        _program = RunningProgram.Start(new ProgramStart(
            WireMockTools.Java!, _folder.Path, "-XX:TieredStopAtLevel=1", "-jar", jar, "--port", "0", "--bind-address", "127.0.0.1"));
        var banner = await _program.Output.FirstAsync(line => line.StartsWith(PortLabel, StringComparison.Ordinal));
        _url = new Uri($"http://127.0.0.1:{int.Parse(banner[PortLabel.Length..].Trim(), CultureInfo.InvariantCulture)}");
        await WaitUntilReadyAsync();
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        if (_program is not null)
            await _program.DisposeAsync();
        _folder?.Dispose();
    }

    /// <summary>Forgets all stubs and the journal.</summary>
    public Task ResetAsync() => AdminAsync(HttpMethod.Post, "/__admin/reset");

    /// <summary>Answers <paramref name="method"/> <paramref name="path"/> (any query) with a JSON body.</summary>
    public Task StubAsync(string method, string path, int status, JsonNode body, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(body);
        return StubTextAsync(method, path, status, body.ToJsonString(), "application/json", headers);
    }

    /// <summary>Answers with any text.</summary>
    public Task StubTextAsync(string method, string path, int status, string body, string mediaType, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var named = new JsonObject { ["Content-Type"] = mediaType };
        foreach (var (name, value) in headers)
            named[name] = value;
        return StubAsync(method, path, new JsonObject { ["status"] = status, ["body"] = body, ["headers"] = named });
    }

    /// <summary>Breaks the connection: one of WireMock's faults, such as <c>CONNECTION_RESET_BY_PEER</c>, <c>EMPTY_RESPONSE</c>, <c>MALFORMED_RESPONSE_CHUNK</c>, <c>RANDOM_DATA_THEN_CLOSE</c>.</summary>
    public Task StubFaultAsync(string method, string path, string fault) =>
        StubAsync(method, path, new JsonObject { ["fault"] = fault });

    /// <summary>Any <c>response</c> of WireMock's stub format.</summary>
    public Task StubAsync(string method, string path, JsonObject response) => AdminAsync(HttpMethod.Post, "/__admin/mappings", new JsonObject
    {
        ["request"] = new JsonObject { ["method"] = method, ["urlPath"] = path },
        ["response"] = response,
    });

    /// <summary>What reached it since the last <see cref="ResetAsync"/>, oldest first.</summary>
    public async Task<IReadOnlyList<WireMockRequest>> RequestsAsync()
    {
        var journal = await AdminAsync(HttpMethod.Get, "/__admin/requests");
        return [.. journal["requests"]!.AsArray().Reverse().Select(entry => WireMockRequest.Read(entry!["request"]!.AsObject()))];
    }

    private async Task<JsonObject> AdminAsync(HttpMethod method, string path, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, path));
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var response = await _admin.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"WireMock answered {method} {path} with {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }

    private async Task WaitUntilReadyAsync()
    {
        for (var poll = 0; poll < MaxReadyPolls; poll++)
        {
            try
            {
                await AdminAsync(HttpMethod.Get, "/__admin/mappings");
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(ReadyPoll, TimeProvider.System);
            }
        }

        throw new TimeoutException($"WireMock at {Url} did not answer:\n{_program!.ErrorText}");
    }
}
