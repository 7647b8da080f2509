using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConversationHub.Contracts;

/// <summary>
/// The one form of a JSON value that digests and signatures cover (wire.md §1.1): keys sorted by code point,
/// separators <c>", "</c> and <c>": "</c>, everything outside U+0020–U+007E as <c>\uXXXX</c>
/// (short forms <c>\" \\ \b \f \n \r \t</c>), integers only, UTF-8.
/// </summary>
public static class CanonicalJson
{
    /// <summary>What stands for itself in a string: U+0020 to U+007E but for the quotation mark and the backslash.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(static c => (char)c).Where(static c => c is not ('"' or '\\'))]);

    /// <summary>Writes the canonical form.</summary>
    /// <exception cref="FormatException">A number is not an integer of 64 bits.</exception>
    public static byte[] Serialize(JsonNode? value)
    {
        var writer = new ArrayBufferWriter<byte>();
        Write(writer, value);
        return writer.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> writer, JsonNode? value)
    {
        switch (value)
        {
            case null:
                writer.Write("null"u8);
                break;
            case JsonObject members:
                WriteObject(writer, members);
                break;
            case JsonArray items:
                WriteArray(writer, items);
                break;
            default:
                WriteScalar(writer, value.AsValue());
                break;
        }
    }

    private static void WriteObject(ArrayBufferWriter<byte> writer, JsonObject members)
    {
        writer.Write("{"u8);
        var first = true;
        foreach (var (name, value) in members.OrderBy(static member => member.Key, CodePointComparer.Instance))
        {
            if (!first)
                writer.Write(", "u8);
            first = false;
            WriteString(writer, name);
            writer.Write(": "u8);
            Write(writer, value);
        }

        writer.Write("}"u8);
    }

    private static void WriteArray(ArrayBufferWriter<byte> writer, JsonArray items)
    {
        writer.Write("["u8);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                writer.Write(", "u8);
            Write(writer, items[i]);
        }

        writer.Write("]"u8);
    }

    private static void WriteScalar(ArrayBufferWriter<byte> writer, JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                WriteString(writer, value.GetValue<string>());
                break;
            case JsonValueKind.True:
                writer.Write("true"u8);
                break;
            case JsonValueKind.False:
                writer.Write("false"u8);
                break;
            case JsonValueKind.Number when long.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.AllowLeadingSign,
                System.Globalization.CultureInfo.InvariantCulture, out var number):
                writer.Write(Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
                break;
            default:
                throw new FormatException("Canonical JSON holds integers only.");
        }
    }

    private static void WriteString(ArrayBufferWriter<byte> writer, string text)
    {
        writer.Write("\""u8);
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            var plain = rest.IndexOfAnyExcept(Plain);
            if (plain != 0)
            {
                plain = plain < 0 ? rest.Length : plain;
                Encoding.ASCII.GetBytes(rest[..plain], writer);
                rest = rest[plain..];
                continue;
            }

            WriteEscaped(writer, rest[0]);
            rest = rest[1..];
        }

        writer.Write("\""u8);
    }

    private static void WriteEscaped(ArrayBufferWriter<byte> writer, char c)
    {
        switch (c)
        {
            case '"': writer.Write("\\\""u8); break;
            case '\\': writer.Write("\\\\"u8); break;
            case '\b': writer.Write("\\b"u8); break;
            case '\f': writer.Write("\\f"u8); break;
            case '\n': writer.Write("\\n"u8); break;
            case '\r': writer.Write("\\r"u8); break;
            case '\t': writer.Write("\\t"u8); break;
            default: writer.Write(Encoding.ASCII.GetBytes($"\\u{(int)c:x4}")); break;
        }
    }

    /// <summary>UTF-16 order differs from code point order where surrogates meet U+E000–U+FFFF.</summary>
    private sealed class CodePointComparer : IComparer<string>
    {
        public static readonly CodePointComparer Instance = new();

        public int Compare(string? x, string? y)
        {
            if (!HasSurrogate(x) && !HasSurrogate(y))
                return string.CompareOrdinal(x, y);
            var left = x!.EnumerateRunes();
            var right = y!.EnumerateRunes();
            while (true)
            {
                var hasLeft = left.MoveNext();
                var hasRight = right.MoveNext();
                if (!hasLeft || !hasRight)
                    return hasLeft.CompareTo(hasRight);
                var order = left.Current.Value.CompareTo(right.Current.Value);
                if (order != 0)
                    return order;
            }
        }

        private static bool HasSurrogate(string? text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
    }
}
