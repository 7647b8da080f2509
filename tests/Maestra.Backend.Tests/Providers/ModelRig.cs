using System.Text.Json;
using ConversationHub.Testing.Network;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Providers;

/// <summary>A backend between two models that fail as told: <c>openai</c>, asked first, and <c>anthropic</c>, asked next. Both are paid.</summary>
internal sealed class ModelRig : IAsyncDisposable
{
    public const string OpenAiKey = "sk-of-openai-0123456789";
    public const string AnthropicKey = "sk-of-anthropic-0123456789";

    private ModelRig(ChaosProxy first, ChaosProxy second, TestBackend backend)
    {
        First = first;
        Second = second;
        Backend = backend;
    }

    public ChaosProxy First { get; }

    public ChaosProxy Second { get; }

    public TestBackend Backend { get; }

    /// <summary>Prices of both: 1 USD a million tokens in, 10 out; 100 tokens of output allowed.</summary>
    public static Task<ModelRig> StartAsync(params (string Name, string Value)[] settings) => StartAsync(TestBackend.StartLocalAsync, settings);

    /// <summary>The same over a store of its own instead of the fake.</summary>
    public static Task<ModelRig> StartOverStoreAsync() => StartAsync(TestBackend.StartLocalOverStoreAsync, []);

    private static async Task<ModelRig> StartAsync(Func<(string Name, string Value)[], Task<TestBackend>> start, (string Name, string Value)[] settings)
    {
        var first = ChaosProxy.Start();
        var second = ChaosProxy.Start();
        var backend = await start(
        [
            (SettingNames.LlmProvider, "openai"), (SettingNames.LlmFallback, "anthropic:stub-claude"), (SettingNames.LlmMaxTokens, "100"),
            (SettingNames.OpenAiKey, OpenAiKey), (SettingNames.OpenAiBaseUrl, new Uri(first.Url, "/v1").ToString()),
            (SettingNames.AnthropicKey, AnthropicKey), (SettingNames.AnthropicBaseUrl, second.Url.ToString()),
            (SettingNames.LlmModel, "stub-gpt"), (SettingNames.LlmPriceInput, "1"), (SettingNames.LlmPriceOutput, "10"), .. settings,
        ]);
        return new ModelRig(first, second, backend);
    }

    public static CannedResponse Completion(string text, int input = 1000, int output = 100) => CannedResponse.Text(200,
        $$$"""{"id":"c","object":"chat.completion","created":1,"model":"stub-gpt","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":{{{Quote(text)}}}}}],"usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}},"total_tokens":{{{input + output}}}}}""", "application/json");

    public static CannedResponse Message(string text, int input = 1000, int output = 100) => CannedResponse.Text(200,
        $$$"""{"id":"m","type":"message","role":"assistant","model":"stub-claude-1","content":[{"type":"text","text":{{{Quote(text)}}}}],"stop_reason":"end_turn","usage":{"input_tokens":{{{input}}},"output_tokens":{{{output}}}}}""", "application/json");

    public static CannedResponse CompletionStream(params string[] pieces) => Events(
    [
        .. pieces.Select(piece => $$$"""{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-gpt","choices":[{"index":0,"delta":{"role":"assistant","content":{{{Quote(piece)}}}}}]}"""),
        """{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-gpt","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""",
        "[DONE]",
    ]);

    public static CannedResponse MessageStream(params string[] pieces) => Events(
    [
        """{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"stub-claude-1","content":[],"stop_reason":null,"usage":{"input_tokens":1000,"output_tokens":1}}}""",
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
        """{"type":"ping"}""",
        .. pieces.Select(piece => $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{{{Quote(piece)}}}}}"""),
        """{"type":"content_block_stop","index":0}""",
        """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":100}}""",
        """{"type":"message_stop"}""",
    ]);

    public static CannedResponse Events(params string[] data) =>
        CannedResponse.Text(200, string.Concat(data.Select(one => $"data: {one}\n\n")), "text/event-stream");

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
