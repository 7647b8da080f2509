using System.ClientModel;
using System.ClientModel.Primitives;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;
using OpenAI;
using OpenAI.Chat;

namespace Maestra.Backend.Advisors;

/// <summary>Asks a model behind an OpenAI-compatible endpoint (OpenAI API, POST /chat/completions). Never retries: the caller decides about that.</summary>
internal sealed class OpenAiCompatibleAdvisor(ChatClient client, AdvisorSettings.Provider settings) : IAdvisor
{
    /// <summary>A body larger than any stored reply, with its envelope and escapes, is no answer.</summary>
    private const int MaxResponseBytes = 8 * WireLimits.ReplyBytes;

    /// <summary>Endpoints of this machine need no key, but the client does.</summary>
    private const string NoKey = "none";

    private const int TooManyRequests = 429;
    private const int ServiceUnavailable = 503;

    public string Provider => settings.Name;

    public int HistoryMessages => ChatPrompt.MaxHistoryMessages;

    public static OpenAiCompatibleAdvisor Create(AdvisorSettings.Provider settings)
    {
        // A redirect could carry key and question to a host that nobody chose.
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,

            // A stream that is given up is cut at once: reading on for the connection's sake would keep the model at work.
            ResponseDrainTimeout = TimeSpan.Zero,

            // The trace of the caller is none of the provider's business (wire.md §1.3).
            ActivityHeadersPropagator = null,
        };
        var handler = new BoundedResponseHandler(MaxResponseBytes, sockets);
        var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var options = new OpenAIClientOptions
        {
            Endpoint = settings.BaseUrl,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            Transport = new HttpClientPipelineTransport(http),
            NetworkTimeout = TimeSpan.FromMilliseconds(WireLimits.DeadlineMilliseconds),
        };
        return new OpenAiCompatibleAdvisor(new ChatClient(settings.Model, new ApiKeyCredential(settings.ApiKey ?? NoKey), options), settings);
    }

    public async Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        try
        {
            var options = new ChatCompletionOptions { MaxOutputTokenCount = settings.MaxOutputTokens };
            if (onText is not null)
                return await StreamAsync(ChatPrompt.Compose(prompt), options, onText, cancellationToken);
            ChatCompletion completion = await client.CompleteChatAsync(ChatPrompt.Compose(prompt), options, cancellationToken);
            return Read(completion);
        }
        catch (ClientResultException e)
        {
            return new AdvisorOutcome.Failed(
                e.Status is TooManyRequests or ServiceUnavailable ? AdvisorFailure.Busy : AdvisorFailure.Provider,
                $"status {e.Status}", RetryAfter(e));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Text.Json.JsonException or FormatException
            or ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            // The client library throws what its parser meets: any of these is an answer that is none.
            return new AdvisorOutcome.Failed(AdvisorFailure.Provider, e.GetType().Name);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AdvisorOutcome.Failed(AdvisorFailure.Provider, "network timeout");
        }
    }

    private async Task<AdvisorOutcome> StreamAsync(
        IReadOnlyList<ChatMessage> messages, ChatCompletionOptions options, Action<string> onText, CancellationToken cancellationToken)
    {
        var completion = new StreamedCompletion();
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options, cancellationToken))
        {
            var piece = completion.Add(update);
            if (completion.IsTooLong)
                return new AdvisorOutcome.Failed(AdvisorFailure.Provider, "the reply is too long");
            if (piece.Length > 0)
                onText(piece);
        }

        return completion.FinishReason is { } reason
            ? Answer(completion.Text, reason, completion.Model, completion.InputTokens, completion.OutputTokens)
            : new AdvisorOutcome.Failed(AdvisorFailure.Provider, "the stream broke off");
    }

    private AdvisorOutcome Read(ChatCompletion completion)
    {
        var text = string.Concat(completion.Content.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text));
        return Answer(text, completion.FinishReason, completion.Model, completion.Usage?.InputTokenCount ?? 0, completion.Usage?.OutputTokenCount ?? 0);
    }

    private AdvisorOutcome Answer(string text, ChatFinishReason reason, string? model, int input, int output) => string.IsNullOrWhiteSpace(text)
        ? new AdvisorOutcome.Failed(AdvisorFailure.Provider, $"empty reply ({reason})")
        : new AdvisorOutcome.Answered(
            text, settings.Name, string.IsNullOrEmpty(model) ? settings.Model : model, input + output,
            ModelPrices.Cost(settings, input, output), Sources: []);

    private static int? RetryAfter(ClientResultException e) =>
        e.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var text) == true && int.TryParse(text, out var seconds) && seconds >= 0
            ? seconds
            : null;
}
