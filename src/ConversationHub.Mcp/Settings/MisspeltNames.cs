using ConversationHub.Contracts;

namespace ConversationHub.Mcp.Settings;

/// <summary>Names that look like one which says where text may go, and are none: text would go where its owner said it must not (docs/decisions/0077).</summary>
internal static class MisspeltNames
{
    /// <summary>Of names that nobody else gives a meaning to.</summary>
    private const string Prefix = "MAESTRA_";

    /// <summary>Fewer than tell these names from any of the backend's.</summary>
    private const int MaxSlips = 2;

    private static readonly string[] DecideWhereTextGoes =
    [
        SettingNames.FallbackEnabled, SettingNames.Route, SettingNames.LocalUrl, SettingNames.CloudUrl, SettingNames.LocalBackendId, SettingNames.ConfigFile,
    ];

    /// <returns>The name that was meant; null when this is it, or is like none.</returns>
    internal static string? Meant(string name) => DecideWhereTextGoes.Contains(name, StringComparer.Ordinal)
        ? null
        : Array.Find(DecideWhereTextGoes, known => IsLike(name.ToUpperInvariant(), known));

    /// <summary>What is wrong with the names of an environment. The backend's are no mistake: both programs may be started from one.</summary>
    internal static IEnumerable<string> InEnvironment(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var (name, value) in environment)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(value) && Meant(AsRead(name)) is { } meant)
                yield return $"{Texts.DisplayText.Clean(name)} (environment): nobody reads it; did you mean {meant}?";
        }
    }

    private static bool IsLike(string name, string known) =>
        (Math.Abs(known.Length - name.Length) <= MaxSlips && Spelling.Slips(name, known) <= MaxSlips)
        || (name.Length > Prefix.Length && known.StartsWith(name + '_', StringComparison.Ordinal));

    /// <summary>Windows finds a variable whatever the case of its letters.</summary>
    private static string AsRead(string name) => OperatingSystem.IsWindows() ? name.ToUpperInvariant() : name;
}
