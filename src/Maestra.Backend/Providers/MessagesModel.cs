using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>A model behind the Anthropic API (<c>POST /messages</c>), without its client library (docs/decisions/0026).</summary>
internal sealed class MessagesModel(HttpClient client, ProviderSettings settings, TimeProvider time) : IModel
{
    private const string ApiVersion = "2023-06-01";
    private const string VersionPath = "/v1";

    private readonly Uri _url = Url(settings.BaseUrl);

    public ProviderSettings Settings => settings;

    public static MessagesModel Create(ProviderSettings settings, TimeProvider time) =>
        new(ProviderHttp.CreateClient(ProviderHttp.CreateHandler(settings)), settings, time);

    public async Task<ModelOutcome> AskAsync(ModelPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        try
        {
            using var request = Request(prompt, streams: onText is not null);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
                return ProviderStatus.Refused((int)response.StatusCode, RetryAfter(response), time.GetUtcNow());

            // An endpoint between may ignore what was asked: what came decides how it is read.
            return IsStream(response)
                ? await ReadStreamAsync(response, onText, cancellationToken)
                : await ReadWholeAsync(response, onText, cancellationToken);
        }
#pragma warning disable CA1031 // What is no text, number or object where one belongs is an answer that is none, however it is met.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return ProviderHttp.Broken(e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ModelOutcome.Failed("network timeout", MayHaveRun: true);
        }
    }

    /// <summary>The client libraries of the maker take their address without the version, those of others with it.</summary>
    private static Uri Url(Uri baseUrl)
    {
        var text = baseUrl.AbsoluteUri.TrimEnd('/');
        return new Uri(text.EndsWith(VersionPath, StringComparison.Ordinal) ? $"{text}/messages" : $"{text}{VersionPath}/messages");
    }

    private HttpRequestMessage Request(ModelPrompt prompt, bool streams)
    {
        var content = new ByteArrayContent(MessagesRequest.Write(settings, prompt, streams));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = content };
        request.Headers.TryAddWithoutValidation("x-api-key", settings.ApiKey);
        request.Headers.TryAddWithoutValidation("anthropic-version", ApiVersion);
        return request;
    }

    private async Task<ModelOutcome> ReadWholeAsync(HttpResponseMessage response, Action<string>? onText, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, MaestraJson.Document, cancellationToken);
        var answer = new MessagesAnswer();
        answer.AddWhole(document.RootElement);
        var outcome = answer.Conclude(settings.Model);
        if (outcome is ModelOutcome.Answered answered)
            onText?.Invoke(answered.Text);
        return outcome;
    }

    private async Task<ModelOutcome> ReadStreamAsync(HttpResponseMessage response, Action<string>? onText, CancellationToken cancellationToken)
    {
        var answer = new MessagesAnswer();
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var tail = new StreamTail(time, cancellationToken);
        try
        {
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(tail.Token))
            {
                if (string.IsNullOrWhiteSpace(item.Data))
                    continue;
                using var document = JsonDocument.Parse(item.Data, MaestraJson.Document);
                var piece = answer.AddEvent(document.RootElement);
                if (answer.Failure is not null || answer.IsTooLong)
                    break;
                if (piece.Length > 0)
                    onText?.Invoke(piece);
                if (answer.IsWhole)
                    tail.Begin();
            }
        }
#pragma warning disable CA1031 // Whatever becomes of the connection behind the answer: it is there and paid, and asking again would pay twice.
        catch (Exception e) when (answer.IsWhole && (e is not OperationCanceledException || tail.IsOver))
#pragma warning restore CA1031
        {
            // All of the answer was there.
        }

        return answer.Conclude(settings.Model);
    }

    private static bool IsStream(HttpResponseMessage response) =>
        string.Equals(response.Content.Headers.ContentType?.MediaType, StreamEvents.MediaType, StringComparison.OrdinalIgnoreCase);

    private static string? RetryAfter(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Retry-After", out var values) ? values.FirstOrDefault() : null;
}
