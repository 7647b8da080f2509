using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>A response read event by event, as it comes.</summary>
internal sealed class StreamedReply : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private StreamedReply(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _lines = new StreamReader(body);
    }

    public HttpStatusCode Status => _response.StatusCode;

    public string? MediaType => _response.Content.Headers.ContentType?.MediaType;

    /// <summary>Returns with status and headers.</summary>
    public static async Task<StreamedReply> AskAsync(
        TestBackend backend, string body, string path = Routes.Core, (string Name, string Value)[]? headers = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = TestBackend.Json(body) };
        request.Headers.Add("Accept", "text/event-stream");
        foreach (var (name, value) in headers ?? [])
            request.Headers.Add(name, value);
        var response = await backend.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return new StreamedReply(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>The next event; its name is empty at the end of the stream.</summary>
    public async Task<(string Name, JsonObject Data)> NextAsync()
    {
        var name = await LineAsync();
        if (name is null)
            return ("", []);
        var data = await LineAsync();
        Assert.Equal("", await LineAsync());
        Assert.StartsWith("event: ", name, StringComparison.Ordinal);
        Assert.StartsWith("data: ", data, StringComparison.Ordinal);
        return (name["event: ".Length..], JsonNode.Parse(data!["data: ".Length..])!.AsObject());
    }

    public async Task<JsonObject> NextAsync(string name)
    {
        var (actual, data) = await NextAsync();
        Assert.True(name == actual, $"Expected {name}, got {actual} {data.ToJsonString()}");
        return data;
    }

    /// <summary>The end of the response, and nothing before it.</summary>
    public async Task EndAsync() => Assert.Equal("", (await NextAsync()).Name);

    /// <summary>The whole body of a response that is no stream.</summary>
    public async Task<JsonObject> JsonAsync() => JsonNode.Parse(await _lines.ReadToEndAsync())!.AsObject();

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }

    private Task<string?> LineAsync() => _lines.ReadLineAsync().WaitAsync(TestTimeouts.Signal);
}
