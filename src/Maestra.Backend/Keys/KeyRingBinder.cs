using System.Buffers;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Keys;

/// <summary>Reads the keys of a cloud backend; without one the start is refused. No error shows a key.</summary>
internal static class KeyRingBinder
{
    private const int Sha256Bytes = 32;

    public static KeyRing Bind(SettingReader reader)
    {
        var errorsBefore = reader.Errors.Count;
        var entries = new List<KeyEntry>();
        if (reader.Secret(SettingNames.ApiKey) is { } key)
            AddKey(reader, entries, SettingNames.ApiKey, KeyOwner.EveryUser, key);
        if (reader.Text(SettingNames.ApiKeys) is { } list)
            ReadList(reader, entries, list);
        if (reader.Find(SettingNames.ApiKeysFile) is { } path && reader.FileText(path) is { } file)
            ReadFile(reader, entries, file);

        if (entries.Count == 0 && reader.Errors.Count == errorsBefore)
        {
            reader.Refuse($"{SettingNames.ApiKey}: cloud mode needs a key of at least {KeyRing.MinKeyCharacters} characters; "
                + $"set {SettingNames.ApiKey}, {SettingNames.ApiKeys} or {SettingNames.ApiKeysFile}");
        }

        return new KeyRing(entries);
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
                AddKey(reader, entries, name, entry[..colon], entry[(colon + 1)..]);
        }
    }

    private static void ReadFile(SettingReader reader, List<KeyEntry> entries, string file)
    {
        var number = 0;
        foreach (var raw in file.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var colon = line.LastIndexOf(':');
            var digest = new byte[Sha256Bytes];
            if (colon > 0 && Convert.FromHexString(line.AsSpan(colon + 1), digest, out _, out var written) == OperationStatus.Done && written == Sha256Bytes)
                AddEntry(reader, entries, $"{SettingNames.ApiKeysFile}, line {number}", line[..colon], digest);
            else
                reader.Refuse($"{SettingNames.ApiKeysFile}, line {number}: expected user:sha256 with 64 hexadecimal digits");
        }
    }

    private static void AddKey(SettingReader reader, List<KeyEntry> entries, string name, string user, string key)
    {
        if (key.Length < KeyRing.MinKeyCharacters)
            reader.Refuse($"{name}: the key is shorter than {KeyRing.MinKeyCharacters} characters");
        else
            AddEntry(reader, entries, name, user, KeyRing.Digest(key));
    }

    private static void AddEntry(SettingReader reader, List<KeyEntry> entries, string name, string user, byte[] digest)
    {
        if (user == KeyOwner.EveryUser)
            entries.Add(new KeyEntry(KeyOwner.All, digest));
        else if (UserId.TryParse(user, out var id))
            entries.Add(new KeyEntry(new KeyOwner(id), digest));
        else
            reader.Refuse($"{name}: the user is not 1 to {UserId.MaxLength} characters without control characters");
    }
}
