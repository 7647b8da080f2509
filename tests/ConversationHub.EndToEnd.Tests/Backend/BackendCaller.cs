using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;

namespace ConversationHub.EndToEnd.Tests.Backend;

/// <summary>A plain HTTP client of a real backend.</summary>
internal sealed class BackendCaller(Uri url, string? apiKey = null) : IDisposable
{
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };

    public void Dispose() => _client.Dispose();

    /// <summary>The body of an ask, every field in its place.</summary>
    public static JsonObject Question(string message, string? conversationId = null) => new()
    {
        ["user_id"] = "ada",
        ["surface_id"] = "test",
        ["message"] = message,
        ["conversation_id"] = conversationId,
    };

    /// <summary>An operation id that differs from call to call and is the same in every run.</summary>
    public static string OperationId(int number) =>
        $"019b8d7d-f23b-7a1b-ac3d-{number.ToString("x12", CultureInfo.InvariantCulture)}";

    public Task<(HttpStatusCode Status, JsonObject Body)> AskAsync(JsonObject question, string? operationId = null) =>
        SendAsync(HttpMethod.Post, "/api/maestra/core", question.ToJsonString(), "application/json", operationId);

    public async Task<JsonObject> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).Body;

    public async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(
        HttpMethod method, string path, string? body = null, string mediaType = "application/json", string? operationId = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(url, path));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, mediaType);
        if (operationId is not null)
            request.Headers.Add("Idempotency-Key", operationId);
        if (apiKey is not null)
            request.Headers.Add("X-API-Key", apiKey);
        using var response = await _client.SendAsync(request);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject());
    }
}
