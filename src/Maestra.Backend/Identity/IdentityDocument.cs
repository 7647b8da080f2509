using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>
/// The one text in which keys are kept, wherever that is: PEM blocks (RFC 7468), each with lines before it that say when it was made
/// and when it was replaced. The present key stands first, so that other tools read that one.
/// </summary>
internal static class IdentityDocument
{
    private const string Created = "created: ";
    private const string Retired = "retired: ";

    /// <summary>A new key, alone.</summary>
    public static string New(DateTimeOffset now) => Block(BackendIdentity.NewPem(), now, null);

    public static bool SaysWhenMade(string document) => document.StartsWith(Created, StringComparison.Ordinal);

    /// <summary>Says it of a document that does not: one of an earlier version, or a key that its owner put there.</summary>
    public static string MadeAt(DateTimeOffset time, string document) => $"{Created}{WireTime.Format(time)}\n{document}";

    /// <summary>The same document with a new present key; the present one becomes the previous one, and an older one is dropped.</summary>
    public static string Rotate(string document, DateTimeOffset fallback, DateTimeOffset now)
    {
        var current = Blocks(document, fallback)[0];
        return New(now) + Block(current.Pem, current.CreatedAt, now);
    }

    /// <param name="fallback">When a key was made that does not say it.</param>
    /// <returns>Null when the text holds no usable key.</returns>
    public static IdentityKeys? TryParse(string document, BackendMode mode, DateTimeOffset fallback)
    {
        var blocks = Blocks(document, fallback);
        if (blocks.Count == 0 || !blocks.TrueForAll(static block => BackendIdentity.IsUsable(block.Pem)))
            return null;
        var current = BackendKey.FromPem(blocks[0].Pem, mode, blocks[0].CreatedAt);
        return blocks.Count > 1 && blocks[1].RetiredAt is { } retired
            ? new IdentityKeys(current, BackendKey.FromPem(blocks[1].Pem, mode, blocks[1].CreatedAt), retired)
            : new IdentityKeys(current);
    }

    private static string Block(string pem, DateTimeOffset createdAt, DateTimeOffset? retiredAt)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Created}{WireTime.Format(createdAt)}\n");
        if (retiredAt is { } at)
            text.Append(CultureInfo.InvariantCulture, $"{Retired}{WireTime.Format(at)}\n");
        return text.Append(pem.TrimEnd('\n')).Append('\n').ToString();
    }

    private static List<(string Pem, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt)> Blocks(string document, DateTimeOffset fallback)
    {
        const int MaxBlocks = 2;
        var blocks = new List<(string, DateTimeOffset, DateTimeOffset?)>();
        var rest = document.AsSpan();
        while (blocks.Count < MaxBlocks && PemEncoding.TryFind(rest, out var fields))
        {
            var (start, length) = fields.Location.GetOffsetAndLength(rest.Length);
            var before = rest[..start].ToString();
            blocks.Add((rest.Slice(start, length).ToString(), Time(before, Created) ?? fallback, Time(before, Retired)));
            rest = rest[(start + length)..];
        }

        return blocks;
    }

    private static DateTimeOffset? Time(string lines, string name)
    {
        foreach (var line in lines.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && WireTime.TryParse(line[name.Length..].Trim(), out var time))
                return time;
        }

        return null;
    }
}
