using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Mcp.Settings;

/// <summary>The configuration file: one flat JSON object of setting names, those of the backend among them.</summary>
internal static class ConfigFile
{
    internal const int MaxBytes = 64 * 1024;

    /// <summary>A name that stands there twice is refused where it can be named.</summary>
    private static readonly JsonDocumentOptions Json = MaestraJson.Document with { AllowDuplicateProperties = true };

    /// <summary>Reads the values; what is wrong goes to <paramref name="errors"/>. An empty object when there is no text.</summary>
    /// <param name="path">Only for the errors.</param>
    internal static IReadOnlyDictionary<string, string> Parse(ReadOnlyMemory<byte> json, string path, List<string> errors)
    {
        var values = new Dictionary<string, string>();
        try
        {
            // Editors of Windows put a mark of the encoding before the text.
            using var document = JsonDocument.Parse(json[(json.Span.StartsWith("\uFEFF"u8) ? 3 : 0)..], Json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                errors.Add($"{SettingNames.ConfigFile}: {path} must hold one JSON object of setting names and values.");
                return values;
            }

            var names = new HashSet<string>();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!names.Add(member.Name))
                    errors.Add($"{SettingNames.ConfigFile}: {member.Name} stands twice in {path}: keep one.");
                Add(values, member, path, errors);
            }
        }
        catch (JsonException fault)
        {
            errors.Add($"{SettingNames.ConfigFile}: {path} is not JSON (line {fault.LineNumber + 1}).");
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair parses, but throws when it is read.
            errors.Add($"{SettingNames.ConfigFile}: {path} holds a text that is not Unicode.");
        }

        return values;
    }

    private static void Add(Dictionary<string, string> values, JsonProperty member, string path, List<string> errors)
    {
        if (MisspeltNames.Meant(member.Name) is { } meant)
            errors.Add($"{SettingNames.ConfigFile}: nobody reads '{member.Name}' in {path}; did you mean {meant}?");
        switch (member.Value.ValueKind)
        {
            case JsonValueKind.String:
                values[member.Name] = member.Value.GetString()!;
                break;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                values[member.Name] = member.Value.GetRawText();
                break;
            case JsonValueKind.Null:
                break;
            default:
                errors.Add($"{SettingNames.ConfigFile}: {member.Name} in {path} must be a string, a number or a boolean.");
                break;
        }
    }
}
