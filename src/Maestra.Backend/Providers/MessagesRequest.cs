using System.Buffers;
using System.Text.Json;
using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>The body of a call to the Anthropic API. Pure.</summary>
internal static class MessagesRequest
{
    public static byte[] Write(ProviderSettings settings, ModelPrompt prompt, bool streams)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", settings.Model);
        json.WriteNumber("max_tokens", settings.MaxOutputTokens);
        json.WriteBoolean("stream", streams);
        json.WriteString("system", prompt.System);
        json.WriteStartArray("messages");
        foreach (var message in prompt.Messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.IsAssistant ? "assistant" : "user");
            json.WriteString("content", message.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
