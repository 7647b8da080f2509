using Maestra.Backend.Keys;

namespace Maestra.Backend.Commands;

/// <summary>What the commands of <c>keys</c> do. Each returns null when done, else why nothing was changed.</summary>
internal sealed class KeysEdit(TextWriter error, TimeProvider time)
{
    private const int MinIdDigits = 4;

    public async Task<string?> NewAsync(KeyFile file, string user, TextWriter output, CancellationToken cancellationToken)
    {
        if (!KeyOwner.TryParse(user, out _) || user.Contains('\n', StringComparison.Ordinal) || user.Trim() != user || user.StartsWith('#'))
            return $"--user: {KeyOwner.UserRule}, no # in front, and no space at either end";
        var key = NewKey.Make();
        var mistake = await ChangeAsync(file, text => (KeyFileText.Add(text, user, key, time.GetUtcNow()), null), cancellationToken);
        if (mistake is null)
            await TellAsync(file, key, user, output);
        return mistake;
    }

    public static async Task<string?> ListAsync(KeyFile file, TextWriter output)
    {
        if (!File.Exists(file.Path))
            return $"there is no keys file {file.Path}; maestra-backend keys new makes it";
        var text = file.Read();
        var content = KeyFileText.Parse(text);
        foreach (var key in content.Keys)
            await output.WriteLineAsync($"{key.Id}  {KeyFileText.MadeAt(text, key) ?? "unknown",-27}  {key.User}");
        return content.Mistakes.Count == 0 ? null : Broken(file, content);
    }

    public async Task<string?> RevokeAsync(KeyFile file, string id, CancellationToken cancellationToken)
    {
        KeyLine? gone = null;
        var left = 0;
        var mistake = await ChangeAsync(
            file,
            text =>
            {
                var content = KeyFileText.Parse(text);
                left = content.Keys.Count - 1;
                gone = Find(file, content, id, out var reason);
                return gone is null ? (null, reason) : (KeyFileText.Remove(text, [gone]), null);
            },
            cancellationToken);
        if (gone is not null && mistake is null)
            await error.WriteLineAsync($"Key {gone.Id} of user {gone.User} is withdrawn; {left} left in {file.Path}.");
        return mistake;
    }

    public async Task<string?> RotateAsync(KeyFile file, string id, TextWriter output, CancellationToken cancellationToken)
    {
        var key = NewKey.Make();
        KeyLine? old = null;
        var mistake = await ChangeAsync(
            file,
            text =>
            {
                old = Find(file, KeyFileText.Parse(text), id, out var reason);
                return old is null ? (null, reason) : (KeyFileText.Add(KeyFileText.Remove(text, [old]), old.User, key, time.GetUtcNow()), null);
            },
            cancellationToken);
        if (old is null || mistake is not null)
            return mistake;
        await TellAsync(file, key, old.User, output);
        await error.WriteLineAsync($"Key {old.Id} is withdrawn.");
        return null;
    }

    private async Task<string?> ChangeAsync(KeyFile file, Func<string, (string? Text, string? Mistake)> change, CancellationToken cancellationToken)
    {
        string? mistake = null;
        await file.ChangeAsync(
            text =>
            {
                var content = KeyFileText.Parse(text);
                if (content.Mistakes.Count > 0)
                {
                    mistake = Broken(file, content);
                    return null;
                }

                (var changed, mistake) = change(text);
                return changed;
            },
            time,
            cancellationToken);
        return mistake;
    }

    private async Task TellAsync(KeyFile file, string key, string user, TextWriter output)
    {
        await output.WriteLineAsync(key);
        var id = new KeyLine(0, user, new KeyEntry(KeyOwner.All, KeyRing.Digest(key))).Id;
        await error.WriteLineAsync($"Key {id} of user {user}, kept as its SHA-256 in {file.Path}. It is shown this once.");
    }

    private static KeyLine? Find(KeyFile file, KeyFileContent content, string id, out string? reason)
    {
        var found = id.Length < MinIdDigits ? [] : content.Keys.Where(key => key.Id.StartsWith(id, StringComparison.OrdinalIgnoreCase)).ToList();
        reason = found.Count switch
        {
            1 => null,
            0 => $"{file.Path} has no key '{id}'; list tells the ids, of which at least {MinIdDigits} digits are needed",
            _ => $"'{id}' fits {found.Count} keys of {file.Path}; give more digits",
        };
        return found.Count == 1 ? found[0] : null;
    }

    private static string Broken(KeyFile file, KeyFileContent content) => $"{file.Path}: {string.Join("; ", content.Mistakes)}. Nothing was changed.";
}
