using ModelContextProtocol.Protocol;

namespace ConversationHub.McpHttp;

/// <summary>The response to the POST that brought a request, while it is open: whoever handles the request can end it without an answer. Thread-safe.</summary>
/// <param name="unanswered">Not disposed, since the handler may end after the POST; without a timer it holds nothing.</param>
internal sealed class OpenPost(CancellationTokenSource unanswered)
{
    private const string Key = "maestra.post";

    /// <summary>Cancelled when no answer will come.</summary>
    internal CancellationToken Unanswered => unanswered.Token;

    /// <summary>Makes one that the request's handler finds by <see cref="Of"/>.</summary>
    internal static OpenPost For(JsonRpcMessage message)
    {
        var post = new OpenPost(new CancellationTokenSource());
        message.Context ??= new JsonRpcMessageContext();
        (message.Context.Items ??= new Dictionary<string, object?>(capacity: 2))[Key] = post;
        return post;
    }

    internal static OpenPost? Of(JsonRpcMessage message) =>
        message.Context?.Items is { } items && items.TryGetValue(Key, out var post) ? (OpenPost?)post : null;

    internal void EndUnanswered() => unanswered.Cancel();
}
