using System.Text.Json.Nodes;

namespace ConversationHub.EndToEnd.Tests;

/// <summary>Reads the parts of a tool result that tests look at most.</summary>
internal static class ToolResults
{
    public static JsonObject Structured(this JsonObject result) => (result["structuredContent"] ?? throw new InvalidOperationException(result.ToJsonString())).AsObject();

    public static string Text(this JsonObject result) =>
        string.Join('\n', result["content"]!.AsArray().Select(block => block!["text"]!.GetValue<string>()));

    public static bool IsError(this JsonObject result) => result["isError"]?.GetValue<bool>() ?? false;

    public static string? String(this JsonObject json, string name) => json[name]?.GetValue<string>();

    public static bool Bool(this JsonObject json, string name) => json[name]!.GetValue<bool>();

    /// <summary>Each attempt as <c>target outcome may_have_run</c>.</summary>
    public static IReadOnlyList<(string Target, string Outcome, bool MayHaveRun)> Attempts(this JsonObject structured) =>
    [
        .. structured["attempts"]!.AsArray().Select(attempt => (
            attempt!["target"]!.GetValue<string>(),
            attempt["outcome"]!.GetValue<string>(),
            attempt["may_have_run"]!.GetValue<bool>())),
    ];
}
