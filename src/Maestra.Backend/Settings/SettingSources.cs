namespace Maestra.Backend.Settings;

/// <summary>A value and where it was found, for error messages.</summary>
internal sealed record SettingValue(string Name, string Text, string Origin);

/// <summary>
/// Where settings come from, strongest first: command line, environment, configuration file (wire.md §13).
/// An empty value counts as none, since that is how containers unset a variable.
/// </summary>
internal sealed class SettingSources
{
    private readonly (string Origin, IReadOnlyDictionary<string, string> Values)[] _layers;

    private SettingSources(
        IReadOnlyDictionary<string, string> commandLine, IReadOnlyDictionary<string, string> environment, string home, ConfigFile file)
    {
        Home = home;
        File = file;
        _layers = [("command line", commandLine), ("environment", environment), ("configuration file", file.Values)];
    }

    /// <summary>The user's home folder, from <c>HOME</c> when that is set.</summary>
    public string Home { get; }

    public ConfigFile File { get; }

    /// <summary>Names with a value that can only be meant for us: all of the configuration file, and those of the environment that begin as ours do.</summary>
    public IEnumerable<(string Origin, string Name)> OurNames => _layers.Skip(1).SelectMany(
        layer => layer.Values
            .Where(one => one.Value.Length > 0 && (layer.Values == File.Values || one.Key.StartsWith(SettingNames.Prefix, StringComparison.OrdinalIgnoreCase)))
            .Select(one => (layer.Origin, one.Key)));

    public static SettingSources Load(IReadOnlyDictionary<string, string> commandLine, IReadOnlyDictionary<string, string> environment)
    {
        var home = environment.GetValueOrDefault("HOME") is { Length: > 0 } set
            ? set
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return new SettingSources(commandLine, environment, home, LoadFile(environment.GetValueOrDefault(SettingNames.ConfigFile), home));
    }

    private static ConfigFile LoadFile(string? named, string home)
    {
        if (!Path.IsPathFullyQualified(home))
            return ConfigFile.Wrong($"HOME: '{home}' is wrong; expected an absolute path, since a relative one is another folder wherever the program is started");
        if (string.IsNullOrEmpty(named))
            return ConfigFile.Load(Path.Combine(home, ".maestra", "config.json"), mustExist: false);
        return FullPath(named, home) is { } path
            ? ConfigFile.Load(path, mustExist: true)
            : ConfigFile.Wrong($"{SettingNames.ConfigFile}: '{named}' is wrong; expected an absolute path, or one that begins with ~/");
    }

    /// <summary>The one reading of paths: absolute, or below the home folder with <c>~/</c>.</summary>
    /// <returns>Null for any other, which would be another file in every folder.</returns>
    public string? FullPath(string text) => FullPath(text, Home);

    private static string? FullPath(string text, string home)
    {
        var path = text is "~" || text.StartsWith("~/", StringComparison.Ordinal) ? Path.Join(home, text[1..]) : text;
        return Path.IsPathFullyQualified(path) ? Path.GetFullPath(path) : null;
    }

    /// <summary>The strongest value of the setting; null when no source has one.</summary>
    public SettingValue? Find(string name)
    {
        foreach (var (origin, values) in _layers)
        {
            if (values.TryGetValue(name, out var text) && text.Length > 0)
                return new SettingValue(name, text, origin);
        }

        return null;
    }
}
