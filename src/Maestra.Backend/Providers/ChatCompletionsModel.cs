using System.ClientModel;
using System.ClientModel.Primitives;
using ConversationHub.Contracts;
using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;
using OpenAI;
using OpenAI.Chat;

namespace Maestra.Backend.Providers;

/// <summary>A model behind an OpenAI-compatible endpoint (OpenAI API, <c>POST /chat/completions</c>).</summary>
internal sealed class ChatCompletionsModel : IModel
{
    /// <summary>Endpoints of this machine need no key, but the client does.</summary>
    private const string NoKey = "none";

    private const string OwnEndpoint = "compatible";

    private readonly ChatClient _whole;
    private readonly ChatClient _streaming;
    private readonly TimeProvider _time;

    private ChatCompletionsModel(ChatClient whole, ChatClient streaming, ProviderSettings settings, TimeProvider time)
    {
        _whole = whole;
        _streaming = streaming;
        _time = time;
        Settings = settings;
    }

    public ProviderSettings Settings { get; }

    public static ChatCompletionsModel Create(ProviderSettings settings, TimeProvider time)
    {
        var handler = ProviderHttp.CreateHandler(settings);
        return new ChatCompletionsModel(Client(settings, handler), Client(settings, new WholeAnswerHandler(handler)), settings, time);
    }

    public async Task<ModelOutcome> AskAsync(ModelPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        try
        {
            if (onText is not null)
                return await StreamAsync(Messages(prompt), onText, cancellationToken);
            ChatCompletion completion = await _whole.CompleteChatAsync(Messages(prompt), Options(), cancellationToken);
            return Read(completion);
        }
        catch (ClientResultException e) when (e.Status > 0)
        {
            string? retryAfter = null;
            e.GetRawResponse()?.Headers.TryGetValue("Retry-After", out retryAfter);
            return ProviderStatus.Refused(e.Status, retryAfter, _time.GetUtcNow());
        }
        catch (ClientResultException e)
        {
            return ProviderHttp.Broken(e.InnerException ?? e);
        }
#pragma warning disable CA1031 // The client library throws what its parser meets, null references among it: whatever it is, the answer is none.
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

    private static ChatClient Client(ProviderSettings settings, HttpMessageHandler handler) => new(
        settings.Model,
        new ApiKeyCredential(settings.ApiKey ?? NoKey),
        new OpenAIClientOptions
        {
            Endpoint = settings.BaseUrl,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            Transport = new HttpClientPipelineTransport(ProviderHttp.CreateClient(handler)),
            NetworkTimeout = TimeSpan.FromMilliseconds(WireLimits.DeadlineMilliseconds),
        });

    private async Task<ModelOutcome> StreamAsync(IReadOnlyList<ChatMessage> messages, Action<string> onText, CancellationToken cancellationToken)
    {
        var completion = new StreamedCompletion();
        using var tail = new StreamTail(_time, cancellationToken);
        try
        {
            await foreach (var update in _streaming.CompleteChatStreamingAsync(messages, Options(), tail.Token))
            {
                var piece = completion.Add(update);
                if (completion.IsTooLong)
                    return new ModelOutcome.Failed("the reply is too long", MayHaveRun: true);
                if (piece.Length > 0)
                    onText(piece);
                if (completion.FinishReason is not null)
                    tail.Begin();
            }
        }
#pragma warning disable CA1031 // Whatever becomes of the connection behind the answer: it is there and paid, and asking again would pay twice.
        catch (Exception e) when (completion.FinishReason is not null && (e is not OperationCanceledException || tail.IsOver))
#pragma warning restore CA1031
        {
            // The text is whole; what it cost may be missing.
        }

        return completion.FinishReason is { } reason
            ? Answer(completion.Text, reason, completion.Model, completion.Usage)
            : new ModelOutcome.Failed("the stream broke off", MayHaveRun: true);
    }

    private ModelOutcome Read(ChatCompletion completion)
    {
        var text = string.Concat(completion.Content.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text));
        var usage = completion.Usage is { } used ? TokenUsage.Of(used.InputTokenCount, used.OutputTokenCount, used.TotalTokenCount) : null;
        return Answer(text, completion.FinishReason, completion.Model, usage);
    }

    private ModelOutcome Answer(string text, ChatFinishReason reason, string? model, TokenUsage? usage) => string.IsNullOrWhiteSpace(text)
        ? new ModelOutcome.Failed($"empty reply ({reason})", MayHaveRun: true)
        : new ModelOutcome.Answered(text, string.IsNullOrEmpty(model) ? Settings.Model : model, usage);

    /// <summary>Servers on one's own machine know the allowance by its older name only, and ignore the newer one.</summary>
    private ChatCompletionOptions Options()
    {
        if (Settings.Name != OwnEndpoint)
            return new ChatCompletionOptions { MaxOutputTokenCount = Settings.MaxOutputTokens };
        var options = new ChatCompletionOptions();
#pragma warning disable SCME0001 // The library's way to a field that it does not name; marked as one that may still change.
        options.Patch.Set("$.max_tokens"u8, Settings.MaxOutputTokens);
#pragma warning restore SCME0001
        return options;
    }

    private static List<ChatMessage> Messages(ModelPrompt prompt)
    {
        var messages = new List<ChatMessage>(prompt.Messages.Count + 1) { new SystemChatMessage(prompt.System) };
        foreach (var message in prompt.Messages)
            messages.Add(message.IsAssistant ? new AssistantChatMessage(message.Text) : new UserChatMessage(message.Text));
        return messages;
    }
}
