using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Settings;

/// <summary>The configuration file: one flat JSON object, its names those of the settings.</summary>
/// <param name="Values">Empty when there is no file, or it is wrong.</param>
/// <param name="Errors">What is wrong with it, in words for the operator.</param>
internal sealed record ConfigFile(IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Errors)
{
    private const int MaxBytes = 1 << 20;

    /// <summary>What <see cref="FileSystemInfo.Attributes"/> are of a file that is not there.</summary>
    private const int NoFile = -1;

    private static readonly Dictionary<string, string> None = [];

    /// <summary>A name that stands there twice is refused where it can be named.</summary>
    private static readonly JsonDocumentOptions Json = MaestraJson.Document with { AllowDuplicateProperties = true };

    public static ConfigFile Load(string path, bool mustExist)
    {
        byte[] content;
        try
        {
            var file = new FileInfo(path);

            // Not by Exists, which says that there is none also of one that may not be seen.
            if ((int)file.Attributes == NoFile)
                return mustExist ? Wrong($"{SettingNames.ConfigFile}: there is no file {path}") : new ConfigFile(None, []);

            // Read to a bound, since a device says that it has no bytes and has no end.
            using var stream = file.OpenRead();
            content = new byte[MaxBytes + 1];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > MaxBytes)
                return Wrong($"{path}: larger than {MaxBytes} bytes");
            content = content[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Wrong($"{path}: cannot be read: {e.Message}");
        }

        try
        {
            // Editors of Windows put a mark of the encoding before the text.
            using var document = JsonDocument.Parse(content.AsMemory(content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), Json);
            return Read(path, document.RootElement);
        }
        catch (JsonException e)
        {
            return Wrong($"{path}: not JSON, line {e.LineNumber + 1}: expected one object of settings");
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair parses, but throws when it is read.
            return Wrong($"{path}: holds a text that is not Unicode");
        }
    }

    private static ConfigFile Read(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return Wrong($"{path}: expected one JSON object of settings");

        var values = new Dictionary<string, string>();
        var errors = new List<string>();
        var names = new HashSet<string>();
        foreach (var member in root.EnumerateObject())
        {
            if (!names.Add(member.Name))
                errors.Add($"{member.Name} ({path}): stands there twice: keep one");
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
                    errors.Add($"{member.Name} ({path}): expected a string, a number or a boolean");
                    break;
            }
        }

        return new ConfigFile(values, errors);
    }

    /// <summary>One that cannot be looked for.</summary>
    public static ConfigFile Wrong(string error) => new(None, [error]);
}
