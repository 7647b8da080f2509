using Maestra.Backend.Settings;

namespace Maestra.Backend.Keys;

/// <summary>The keys of the settings.</summary>
/// <param name="Fixed">Those that change with a restart only.</param>
/// <param name="FromFile">Those that the keys file held at the start.</param>
/// <param name="File">Path of the keys file; null when none is set.</param>
internal sealed record KeySettings(KeyRing Fixed, IReadOnlyList<KeyEntry> FromFile, string? File)
{
    public static readonly KeySettings None = new(KeyRing.Empty, [], null);

    /// <summary>All that count at the start.</summary>
    public KeyRing Ring => Fixed.With(FromFile);
}

/// <summary>Reads the keys of a cloud backend; without one the start is refused. No error shows a key.</summary>
internal static class KeyRingBinder
{
    public static KeySettings Bind(SettingReader reader)
    {
        var errorsBefore = reader.Errors.Count;
        var entries = new List<KeyEntry>();
        if (reader.Secret(SettingNames.ApiKey) is { } key)
            AddKey(reader, entries, SettingNames.ApiKey, KeyOwner.EveryUser, key);
        if (reader.Text(SettingNames.ApiKeys) is { } list)
            ReadList(reader, entries, list);
        var path = reader.Find(SettingNames.ApiKeysFile);
        var file = path is null ? KeyFileContent.Empty : ReadFile(reader, path);

        // An issuer's tokens stand in for keys.
        var hasIssuer = reader.IsSet(SettingNames.JwtSecretKey) || reader.IsSet(SettingNames.JwtSecretKey + SettingNames.FileSuffix)
            || reader.IsSet(SettingNames.JwtJwksFile);
        if (entries.Count + file.Keys.Count == 0 && !hasIssuer && reader.Errors.Count == errorsBefore)
        {
            reader.Refuse($"{SettingNames.ApiKey}: cloud mode needs a key of at least {KeyRing.MinKeyCharacters} characters; "
                + $"set {SettingNames.ApiKey}, {SettingNames.ApiKeys} or {SettingNames.ApiKeysFile}");
        }

        return new KeySettings(new KeyRing(entries), [.. file.Keys.Select(static line => line.Entry)], path is null ? null : reader.FullPath(path.Text));
    }

    private static void ReadList(SettingReader reader, List<KeyEntry> entries, string list)
    {
        var position = 0;
        foreach (var entry in list.Split(',', StringSplitOptions.TrimEntries))
        {
            position++;
            var name = $"{SettingNames.ApiKeys}, entry {position}";
            var colon = entry.LastIndexOf(':');
            if (colon <= 0)
                reader.Refuse($"{name}: expected user:key");
            else
                AddKey(reader, entries, name, entry[..colon].Trim(), entry[(colon + 1)..].Trim());
        }
    }

    private static KeyFileContent ReadFile(SettingReader reader, SettingValue path)
    {
        if (reader.FileText(path) is not { } text)
            return KeyFileContent.Empty;
        var content = KeyFileText.Parse(text);
        foreach (var mistake in content.Mistakes)
            reader.Refuse($"{SettingNames.ApiKeysFile}, {mistake}");
        return content;
    }

    private static void AddKey(SettingReader reader, List<KeyEntry> entries, string name, string user, string key)
    {
        if (key.Length < KeyRing.MinKeyCharacters)
            reader.Refuse($"{name}: the key is shorter than {KeyRing.MinKeyCharacters} characters");
        else if (key.Any(char.IsWhiteSpace))
            reader.Refuse($"{name}: the key holds white space, which no header can carry to it");
        else if (KeyOwner.TryParse(user, out var owner))
            entries.Add(new KeyEntry(owner, KeyRing.Digest(key)));
        else
            reader.Refuse($"{name}: {KeyOwner.UserRule}");
    }
}
