using System.Text.Json;

namespace ConversationHub.Routing;

/// <summary>A backend's answer. Unknown fields stay in <see cref="Body"/>.</summary>
/// <param name="Answer"><c>reply</c>, or <c>answer</c> of the legacy endpoint.</param>
/// <param name="ConversationId">As the backend says; an earlier backend may have replaced the one that was sent.</param>
/// <param name="Mode">Null when the backend does not say.</param>
/// <param name="Source">As the backend says, which an earlier one does wrongly; null when it does not say.</param>
/// <param name="Body">The whole response object.</param>
public sealed record Reply(string Answer, string ConversationId, string? Mode, string? Source, JsonElement Body)
{
    /// <summary><c>meta.stale</c>: the backend answered without knowing all that other backends hold of the conversation.</summary>
    public bool IsStale => MetaSays("stale");

    /// <summary><c>meta.local_only</c>: the conversation is kept on the backend that answered.</summary>
    public bool IsLocalOnly => MetaSays("local_only");

    /// <summary>A member of the response of the given kind, or null.</summary>
    public JsonElement? Member(string name, JsonValueKind kind) =>
        Body.TryGetProperty(name, out var member) && member.ValueKind == kind ? member : null;

    private bool MetaSays(string name) =>
        Member("meta", JsonValueKind.Object) is { } meta && meta.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.True;
}
