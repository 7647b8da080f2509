using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.Mcp.Arguments;

/// <summary>The argument <c>surface_context</c>: what the asker has before them (wire.md §2).</summary>
internal static class SurfaceContextArgument
{
    private const string Name = "surface_context";

    private static readonly string[] Fields = ["file_path", "workspace", "screen_context", "page_url", "selection"];

    internal static SurfaceContext? Read(ArgumentReader reader)
    {
        if (reader.Value(Name) is not { } value)
            return null;
        if (!SentValue.TryObject(value, out var members))
        {
            reader.Add(ArgumentTexts.Wrong(Name, value, $"an object with any of {string.Join(", ", Fields)}"));
            return null;
        }

        var inner = new ArgumentReader(
            members.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, member.Value)), Fields, Fields);
        var context = new SurfaceContext
        {
            FilePath = Characters(inner, "file_path", WireLimits.PathCharacters),
            Workspace = Characters(inner, "workspace", WireLimits.PathCharacters),
            ScreenContext = Bytes(inner, "screen_context"),
            PageUrl = Characters(inner, "page_url", WireLimits.PageUrlCharacters),
            Selection = Bytes(inner, "selection"),
        };
        foreach (var problem in inner.Problems)
            reader.Add(ArgumentTexts.Inside(Name, problem));
        return context;
    }

    private static string? Characters(ArgumentReader reader, string field, int max) => reader.Text(
        field,
        string.Create(CultureInfo.InvariantCulture, $"a string of at most {max:N0} characters"),
        text => FreeText.CountCodePoints(text) <= max && FreeText.IsStorable(text));

    private static string? Bytes(ArgumentReader reader, string field) => reader.Text(
        field,
        string.Create(CultureInfo.InvariantCulture, $"a string of at most {WireLimits.SelectionBytes:N0} bytes of UTF-8"),
        text => Encoding.UTF8.GetByteCount(text) <= WireLimits.SelectionBytes && FreeText.IsStorable(text));
}
