using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Providers;

/// <summary>Puts an answer of the Anthropic API together, whole or from its events. Throws <see cref="InvalidOperationException"/> for what has another shape.</summary>
internal sealed class MessagesAnswer
{
    private readonly StringBuilder _text = new();
    private string? _model;
    private string? _stopReason;
    private long? _inputTokens;
    private int? _outputTokens;

    /// <summary>No reply of this length is ever stored: the rest need not come.</summary>
    public bool IsTooLong => _text.Length > WireLimits.ReplyBytes;

    /// <summary>An event has said why the model stopped, or was the last one: no text comes behind it.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Set when the provider says, within a stream, that it failed.</summary>
    public ModelOutcome.Failed? Failure { get; private set; }

    public void AddWhole(JsonElement message)
    {
        AddHead(message);
        if (message.TryGetProperty("content", out var content))
        {
            foreach (var block in content.EnumerateArray())
                AddText(block, "text");
        }
    }

    /// <returns>The text of this event; empty when it has none.</returns>
    public string AddEvent(JsonElement data)
    {
        switch (Text(data, "type"))
        {
            case "message_start" when data.TryGetProperty("message", out var message):
                AddHead(message);
                return "";
            case "content_block_start" when data.TryGetProperty("content_block", out var block):
                return AddText(block, "text");
            case "content_block_delta" when data.TryGetProperty("delta", out var delta):
                return AddText(delta, "text_delta");
            case "message_delta":
                var reason = data.TryGetProperty("delta", out var end) ? Text(end, "stop_reason") : null;
                _stopReason = reason ?? _stopReason;
                AddUsage(data);
                IsWhole |= reason is not null;
                return "";
            case "message_stop":
                IsWhole = true;
                return "";
            case "error":
                var type = data.TryGetProperty("error", out var error) ? Text(error, "type") : null;
                Failure = new ModelOutcome.Failed("an error within the stream", MayHaveRun: true) { IsBusy = type is "overloaded_error" or "rate_limit_error" };
                return "";
            default:
                // Others, pings among them, say nothing about the answer, and more may come with time.
                return "";
        }
    }

    public ModelOutcome Conclude(string askedModel)
    {
        if (Failure is not null)
            return Failure;
        if (IsTooLong)
            return new ModelOutcome.Failed("the reply is too long", MayHaveRun: true);
        if (_stopReason is null)
            return new ModelOutcome.Failed("the answer broke off", MayHaveRun: true);
        var text = _text.ToString();
        if (string.IsNullOrWhiteSpace(text))
            return new ModelOutcome.Failed("empty reply", MayHaveRun: true);
        var usage = _inputTokens is { } input && _outputTokens is { } output ? TokenUsage.Of(input, output) : null;
        return new ModelOutcome.Answered(text, string.IsNullOrEmpty(_model) ? askedModel : _model, usage);
    }

    private void AddHead(JsonElement message)
    {
        _model = Text(message, "model") ?? _model;
        _stopReason = Text(message, "stop_reason") ?? _stopReason;
        AddUsage(message);
    }

    private string AddText(JsonElement block, string type)
    {
        if (Text(block, "type") != type || Text(block, "text") is not { } text)
            return "";
        _text.Append(text);
        return text;
    }

    private void AddUsage(JsonElement holder)
    {
        if (!holder.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
            return;

        // Numbers in later events are totals, not increments; those of the cache stand beside the others.
        if (Number(usage, "input_tokens") is { } input)
            _inputTokens = (long)input + (Number(usage, "cache_creation_input_tokens") ?? 0) + (Number(usage, "cache_read_input_tokens") ?? 0);
        _outputTokens = Number(usage, "output_tokens") ?? _outputTokens;
    }

    private static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetString() : null;

    private static int? Number(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0 ? number : null;
}
