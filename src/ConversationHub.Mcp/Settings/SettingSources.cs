namespace ConversationHub.Mcp.Settings;

/// <summary>Where a value comes from, the first that has one winning.</summary>
/// <param name="CommandLine">Setting name to value.</param>
/// <param name="Environment">Variables. Empty counts as not set: templates write <c>"NAME": ""</c>.</param>
/// <param name="ConfigFile">Setting name to value.</param>
internal sealed record SettingSources(
    IReadOnlyDictionary<string, string> CommandLine,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, string> ConfigFile)
{
    internal const string FilePlace = "configuration file";

    /// <summary>The value and where it stands, or null.</summary>
    internal SettingValue? Find(string name) => InOrder(name).FirstOrDefault(value => value is not null);

    /// <summary>The first place that has one of two names for the same thing, with what it says under each.</summary>
    internal (SettingValue? First, SettingValue? Second) FindEither(string first, string second) =>
        InOrder(first).Zip(InOrder(second)).FirstOrDefault(pair => pair.First is not null || pair.Second is not null);

    private IEnumerable<SettingValue?> InOrder(string name)
    {
        yield return Value(name, CommandLine.GetValueOrDefault(name), "command line");
        yield return Value(name, Environment.GetValueOrDefault(name), "environment");
        yield return Value(name, ConfigFile.GetValueOrDefault(name), FilePlace);
    }

    private static SettingValue? Value(string name, string? text, string place) =>
        string.IsNullOrWhiteSpace(text) ? null : new SettingValue(name, text.Trim(), place);
}

/// <summary>A value as the owner wrote it.</summary>
internal sealed record SettingValue(string Name, string Text, string Place);
