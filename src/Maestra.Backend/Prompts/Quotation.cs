using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Maestra.Backend.Prompts;

/// <summary>
/// Puts foreign text into a prompt so that it cannot be taken for more than a quotation: each piece is one line of JSON, in which
/// quotes, line ends and angle brackets are escaped, so that no text can end its line or the block around it. Pure.
/// </summary>
internal sealed class Quotation(int maxBytes)
{
    public const string Open = "<quoted>";
    public const string Close = "</quoted>";

    /// <summary>Below this a piece would say nothing.</summary>
    private const int MinTextBytes = 16;

    /// <summary>Letters of all scripts stand as they are; <c>&lt; &gt; &amp; ' "</c> and control characters never do.</summary>
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    private readonly StringBuilder _lines = new();
    private int _left = maxBytes;

    public bool IsEmpty => _lines.Length == 0;

    /// <summary>Adds one piece, cut to the room that is left.</summary>
    /// <param name="text">Nothing is added when it is null or empty.</param>
    /// <param name="about">What is told of it, such as where it is from.</param>
    /// <returns>False when there was no room for it.</returns>
    public bool Add(string kind, string? text, params (string Name, string Value)[] about)
    {
        if (string.IsNullOrEmpty(text))
            return true;
        var frame = Encoding.UTF8.GetByteCount(Line(kind, "", about)) + 1;
        var room = _left - frame;
        if (room < MinTextBytes)
            return false;
        var line = Line(kind, Cut(text, room), about);
        _lines.Append(line).Append('\n');
        _left -= Encoding.UTF8.GetByteCount(line) + 1;
        return true;
    }

    /// <summary>The block; empty when nothing was added.</summary>
    public override string ToString() => IsEmpty ? "" : $"{Open}\n{_lines}{Close}";

    private static string Line(string kind, string text, (string Name, string Value)[] about)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("kind", kind);
            foreach (var (name, value) in about)
                json.WriteString(name, value);
            json.WriteString("text", text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The longest beginning whose escaped form has room.</summary>
    private static string Cut(string text, int maxBytes)
    {
        var (fits, tooLong) = (0, Math.Min(text.Length, maxBytes) + 1);
        while (tooLong - fits > 1)
        {
            var half = fits + ((tooLong - fits) / 2);
            if (EscapedBytes(text[..half]) <= maxBytes)
                fits = half;
            else
                tooLong = half;
        }

        if (fits > 0 && fits < text.Length && char.IsHighSurrogate(text[fits - 1]))
            fits--;
        return text[..fits];
    }

    private static int EscapedBytes(string text) =>
        Encoding.UTF8.GetByteCount(Writing.Encoder!.Encode(text));
}
