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

    public async Task<string?> RevokeAsync(KeyFile file, string id, string? user, CancellationToken cancellationToken)
    {
        List<KeyLine> gone = [];
        var left = 0;
        var mistake = await ChangeAsync(
            file,
            text =>
            {
                var content = KeyFileText.Parse(text);
                gone = Find(file, content, id, user, out var reason);
                left = content.Keys.Count - gone.Count;
                return gone is [] ? (null, reason) : (KeyFileText.Remove(text, gone), null);
            },
            cancellationToken);
        if (gone is [var key, ..] && mistake is null)
            await error.WriteLineAsync($"Key {key.Id} of user {key.User} is withdrawn; {left} left in {file.Path}.");
        return mistake;
    }

    public async Task<string?> RotateAsync(KeyFile file, string id, string? user, TextWriter output, CancellationToken cancellationToken)
    {
        var key = NewKey.Make();
        List<KeyLine> old = [];
        var mistake = await ChangeAsync(
            file,
            text =>
            {
                old = Find(file, KeyFileText.Parse(text), id, user, out var reason);
                return old is [] ? (null, reason) : (KeyFileText.Add(KeyFileText.Remove(text, old), old[0].User, key, time.GetUtcNow()), null);
            },
            cancellationToken);
        if (old is [] || mistake is not null)
            return mistake;
        await TellAsync(file, key, old[0].User, output);
        await error.WriteLineAsync($"Key {old[0].Id} is withdrawn.");
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

    /// <returns>The lines of one key of one user, of which there may be several; none when that is not what the id tells.</returns>
    private static List<KeyLine> Find(KeyFile file, KeyFileContent content, string id, string? user, out string? reason)
    {
        var fitting = id.Length < MinIdDigits ? [] : content.Keys.Where(key => key.Id.StartsWith(id, StringComparison.OrdinalIgnoreCase)).ToList();
        var found = fitting.Where(key => user is null || key.User == user).ToList();
        var keys = found.Select(static key => key.Id).Distinct(StringComparer.Ordinal).Count();
        var users = found.Select(static key => key.User).Distinct(StringComparer.Ordinal).ToList();
        reason = (keys, users.Count) switch
        {
            (1, 1) => null,
            (0, _) when fitting.Count > 0 => $"'{id}' is no key of user {user}; list tells whose it is",
            (0, _) => $"{file.Path} has no key '{id}'; list tells the ids, of which at least {MinIdDigits} digits are needed",
            (1, _) => $"'{id}' is the key of several users of {file.Path}: {string.Join(", ", users)}; name one with --user",
            _ => $"'{id}' fits {keys} keys of {file.Path}; give more digits",
        };
        return reason is null ? found : [];
    }

    private static string Broken(KeyFile file, KeyFileContent content) => $"{file.Path}: {string.Join("; ", content.Mistakes)}. Nothing was changed.";
}
