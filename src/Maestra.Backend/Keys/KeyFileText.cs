using System.Buffers;
using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Keys;

/// <summary>One key of a keys file.</summary>
/// <param name="Number">Line, from 1.</param>
/// <param name="User">As written; <c>*</c> owns all users.</param>
internal sealed record KeyLine(int Number, string User, KeyEntry Entry)
{
    private const int IdHexDigits = 12;

    /// <summary>Names the key to people: the first digits of its SHA-256, of no use to anyone who has them.</summary>
    public string Id { get; } = Convert.ToHexStringLower(Entry.Digest)[..IdHexDigits];
}

/// <summary>What a keys file says.</summary>
/// <param name="Mistakes">Such as <c>line 2: expected …</c>; never with a key in it.</param>
internal sealed record KeyFileContent(IReadOnlyList<KeyLine> Keys, IReadOnlyList<string> Mistakes)
{
    public static readonly KeyFileContent Empty = new([], []);
}

/// <summary>The text of a keys file (wire.md §8): lines <c>user:sha256-hex</c>, and comments that begin with <c>#</c>. Pure.</summary>
internal static class KeyFileText
{
    private const int Sha256Bytes = 32;

    public static KeyFileContent Parse(string text)
    {
        var keys = new List<KeyLine>();
        var mistakes = new List<string>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var colon = line.LastIndexOf(':');
            var digest = new byte[Sha256Bytes];
            if (colon <= 0
                || Convert.FromHexString(line.AsSpan(colon + 1), digest, out _, out var written) != OperationStatus.Done || written != Sha256Bytes)
            {
                mistakes.Add($"line {number}: expected user:sha256 with 64 hexadecimal digits");
            }
            else if (KeyOwner.TryParse(line[..colon], out var owner))
            {
                keys.Add(new KeyLine(number, line[..colon], new KeyEntry(owner, digest)));
            }
            else
            {
                mistakes.Add($"line {number}: {KeyOwner.UserRule}");
            }
        }

        return new KeyFileContent(keys, mistakes);
    }

    /// <summary>The text with one more key at its end.</summary>
    /// <param name="user">One that <see cref="KeyOwner.TryParse"/> takes.</param>
    public static string Add(string text, string user, string key, DateTimeOffset now)
    {
        var digest = KeyRing.Digest(key);
        var line = new KeyLine(0, user, new KeyEntry(KeyOwner.All, digest));
        var result = new StringBuilder(text);
        if (text.Length > 0 && text[^1] != '\n')
            result.Append('\n');
        return result
            .Append(MadeComment(line)).Append(", made ").Append(WireTime.Format(now)).Append('\n')
            .Append(user).Append(':').Append(Convert.ToHexStringLower(digest)).Append('\n')
            .ToString();
    }

    /// <summary>The text without the given keys, each gone with the comment that <see cref="Add"/> put above it. Everything else stays as it is.</summary>
    public static string Remove(string text, IReadOnlyCollection<KeyLine> keys)
    {
        var lines = text.Split('\n').ToList();
        foreach (var key in keys.OrderByDescending(static key => key.Number))
        {
            var index = key.Number - 1;
            lines.RemoveAt(index);
            if (index > 0 && lines[index - 1].StartsWith(MadeComment(key), StringComparison.Ordinal))
                lines.RemoveAt(index - 1);
        }

        return string.Join('\n', lines);
    }

    /// <summary>When the key was made, as the comment above it tells; null when nothing tells.</summary>
    public static string? MadeAt(string text, KeyLine key)
    {
        var before = key.Number >= 2 ? text.Split('\n')[key.Number - 2].Trim() : "";
        var prefix = MadeComment(key) + ", made ";
        return before.StartsWith(prefix, StringComparison.Ordinal) ? before[prefix.Length..] : null;
    }

    private static string MadeComment(KeyLine key) => $"# key {key.Id}";
}
