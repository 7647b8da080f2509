using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>
/// The one text in which keys are kept, wherever that is: PEM blocks (RFC 7468), each with lines before it that say when it was made
/// and when it was replaced. The present key stands first, so that other tools read that one. Of every earlier key the secret of its
/// pseudonyms stays, so that an erasure finds what was written under them.
/// </summary>
internal static class IdentityDocument
{
    private const string Created = "created: ";
    private const string Retired = "retired: ";
    private const string Former = "former-pseudonyms: ";
    private const string Elsewhere = "former-pseudonyms-elsewhere: yes\n";

    /// <summary>Of more keys than that the oldest are forgotten; files that hold pseudonyms are long gone by then.</summary>
    private const int MaxFormer = 32;

    /// <summary>A new key, alone.</summary>
    public static string New(DateTimeOffset now) => Block(BackendIdentity.NewPem(), now, null);

    public static bool SaysWhenMade(string document) => document.StartsWith(Created, StringComparison.Ordinal);

    /// <summary>Says it of a document that does not: one of an earlier version, or a key that its owner put there.</summary>
    public static string MadeAt(DateTimeOffset time, string document) => $"{Created}{WireTime.Format(time)}\n{document}";

    /// <summary>The same document with a new present key; the present one becomes the previous one, and an older one is dropped.</summary>
    public static string Rotate(string document, DateTimeOffset fallback, DateTimeOffset now)
    {
        var blocks = Blocks(document, fallback);
        var former = blocks.Skip(1).Select(static block => PseudonymsOf(block.Pem).Export()).Concat(blocks[0].Former)
            .Prepend(PseudonymsOf(blocks[0].Pem).Export()).Distinct(StringComparer.Ordinal).Take(MaxFormer);
        return Block(BackendIdentity.NewPem(), now, null, former) + Block(blocks[0].Pem, blocks[0].CreatedAt, now);
    }

    /// <param name="fallback">When a key was made that does not say it.</param>
    /// <returns>Null when the text holds no usable key.</returns>
    public static IdentityKeys? TryParse(string document, BackendMode mode, DateTimeOffset fallback)
    {
        var blocks = Blocks(document, fallback);
        if (blocks.Count == 0 || !blocks.TrueForAll(static block => BackendIdentity.IsUsable(block.Pem)))
            return null;
        var current = BackendKey.FromPem(blocks[0].Pem, mode, blocks[0].CreatedAt);
        var former = blocks[0].Former.Select(Pseudonyms.TryImport).OfType<Pseudonyms>().ToList();
        if (blocks.Count < 2 || blocks[1].RetiredAt is not { } retired)
            return new IdentityKeys(current) { FormerPseudonyms = former };
        var previous = BackendKey.FromPem(blocks[1].Pem, mode, blocks[1].CreatedAt);
        // A document of an earlier version does not name it.
        if (former.TrueForAll(pseudonyms => pseudonyms.Export() != previous.Identity.Pseudonyms.Export()))
            former.Add(previous.Identity.Pseudonyms);
        return new IdentityKeys(current, previous, retired) { FormerPseudonyms = former };
    }

    /// <summary>For a store that takes no long text: the keys with a mark where the secrets of former pseudonyms stood, and those, a line each.</summary>
    public static (string Keys, string Former) Split(string document)
    {
        var keys = new StringBuilder();
        var former = new StringBuilder();
        foreach (var line in document.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith(Former, StringComparison.Ordinal))
                keys.Append(line).Append('\n');
            else if (former.Append(line).Append('\n').Length == line.Length + 1)
                keys.Append(Elsewhere);
        }

        return (keys.ToString(), former.ToString());
    }

    public static bool IsSplit(string keys) => keys.Contains(Elsewhere, StringComparison.Ordinal);

    /// <summary>The document that was split.</summary>
    /// <param name="former">Empty when they are lost: only what was written under the names of old keys cannot be found then.</param>
    public static string Join(string keys, string former) => keys.Replace(Elsewhere, former, StringComparison.Ordinal);

    private static Pseudonyms PseudonymsOf(string pem) => BackendIdentity.FromPem(pem, BackendMode.Local).Pseudonyms;

    private static string Block(string pem, DateTimeOffset createdAt, DateTimeOffset? retiredAt, IEnumerable<string>? former = null)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Created}{WireTime.Format(createdAt)}\n");
        if (retiredAt is { } at)
            text.Append(CultureInfo.InvariantCulture, $"{Retired}{WireTime.Format(at)}\n");
        foreach (var secret in former ?? [])
            text.Append(CultureInfo.InvariantCulture, $"{Former}{secret}\n");
        return text.Append(pem.TrimEnd('\n')).Append('\n').ToString();
    }

    private static List<KeyBlock> Blocks(string document, DateTimeOffset fallback)
    {
        const int MaxBlocks = 2;
        var blocks = new List<KeyBlock>();
        var rest = document.AsSpan();
        while (blocks.Count < MaxBlocks && PemEncoding.TryFind(rest, out var fields))
        {
            var (start, length) = fields.Location.GetOffsetAndLength(rest.Length);
            var before = rest[..start].ToString();
            blocks.Add(new KeyBlock(
                rest.Slice(start, length).ToString(), Time(before, Created) ?? fallback, Time(before, Retired), [.. Values(before, Former)]));
            rest = rest[(start + length)..];
        }

        return blocks;
    }

    private static DateTimeOffset? Time(string lines, string name)
    {
        foreach (var value in Values(lines, name))
        {
            if (WireTime.TryParse(value, out var time))
                return time;
        }

        return null;
    }

    private static IEnumerable<string> Values(string lines, string name) =>
        lines.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Select(line => line[name.Length..].Trim());

    /// <param name="Former">As <see cref="Pseudonyms.Export"/> gave them, those of the last key first.</param>
    private sealed record KeyBlock(string Pem, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt, IReadOnlyList<string> Former);
}
