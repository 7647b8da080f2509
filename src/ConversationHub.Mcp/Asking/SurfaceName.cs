using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.Mcp.Asking;

/// <summary>Where a question came from, when the call does not say.</summary>
internal static class SurfaceName
{
    /// <summary>The setting, else the client's name made to fit wire.md §1.1, else <c>windsurf</c>.</summary>
    internal static string Of(string? setting, string? clientName)
    {
        if (setting is not null)
            return setting;
        var name = DisplayText.Clean(clientName ?? "").Trim();
        var cut = string.Concat(name.EnumerateRunes().Take(SurfaceId.MaxLength).Select(rune => rune.ToString())).Trim();
        return SurfaceId.TryParse(cut, out var surface) ? surface.ToString() : SurfaceId.Windsurf.ToString();
    }
}
