using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;

namespace Maestra.Backend.Providers;

/// <summary>
/// Makes one event of a whole completion: some endpoints ignore <c>stream: true</c> and answer in one piece, which the client library
/// would read as a stream without an event. Only for calls that asked for a stream.
/// </summary>
internal sealed class WholeAnswerHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <exception cref="HttpRequestException">The answer is neither a stream nor JSON.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode || IsStream(response.Content.Headers.ContentType))
            return response;
        var whole = response.Content;
        try
        {
            var events = ToEvents(await whole.ReadAsStringAsync(cancellationToken));
            response.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(events));
            response.Content.Headers.ContentType = new MediaTypeHeaderValue(StreamEvents.MediaType);
            return response;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            response.Dispose();
            throw new HttpRequestException("The answer is neither a stream of events nor a completion.");
        }
        finally
        {
            whole.Dispose();
        }
    }

    private static bool IsStream(MediaTypeHeaderValue? type) =>
        string.Equals(type?.MediaType, StreamEvents.MediaType, StringComparison.OrdinalIgnoreCase);

    private static string ToEvents(string json)
    {
        var completion = JsonNode.Parse(json, documentOptions: MaestraJson.Document) as JsonObject ?? throw new JsonException("no object");
        completion["object"] = "chat.completion.chunk";
        foreach (var choice in completion["choices"]?.AsArray() ?? [])
        {
            var parts = choice as JsonObject ?? throw new JsonException("a choice that is none");
            var message = parts["message"];
            parts.Remove("message");
            parts["delta"] = message;
        }

        return $"data: {completion.ToJsonString()}\n\ndata: [DONE]\n\n";
    }
}
