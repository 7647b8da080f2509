using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Contracts;

/// <summary>
/// The name of a conversation: <c>^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$</c>; <c>index</c> in any letter case is reserved (wire.md §1.1).
/// Checked before any look-up, so that no path is ever built from an unchecked id.
/// </summary>
public readonly record struct ConversationId : IComparable<ConversationId>
{
    public const int MaxLength = 128;

    /// <summary>What a valid id looks like, in words a caller can act on.</summary>
    public const string Rule = "1 to 128 of A-Z a-z 0-9 _ -, the first a letter or digit, and not \"index\"";

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly string? _value;

    private ConversationId(string value) => _value = value;

    public static bool TryParse([NotNullWhen(true)] string? text, out ConversationId id)
    {
        var valid = text is { Length: >= 1 and <= MaxLength }
            && char.IsAsciiLetterOrDigit(text[0])
            && !text.AsSpan().ContainsAnyExcept(Alphabet)
            && !text.Equals("index", StringComparison.OrdinalIgnoreCase);
        id = valid ? new ConversationId(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text does not have the form.</exception>
    public static ConversationId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"A conversation id is {Rule}.");

    public override string ToString() => _value ?? "";

    public int CompareTo(ConversationId other) => string.CompareOrdinal(_value, other._value);

    public static bool operator <(ConversationId left, ConversationId right) => left.CompareTo(right) < 0;

    public static bool operator >(ConversationId left, ConversationId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ConversationId left, ConversationId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ConversationId left, ConversationId right) => left.CompareTo(right) >= 0;
}
