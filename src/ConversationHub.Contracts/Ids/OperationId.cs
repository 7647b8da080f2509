using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Contracts;

/// <summary>
/// The id of one operation, message or question: a UUID in lower case, 36 characters (wire.md §1.1).
/// Minted as version 7; any version is accepted, because files of the earlier backend hold version 4.
/// </summary>
public readonly record struct OperationId(Guid Value) : IComparable<OperationId>
{
    /// <summary>Length of the text form in characters.</summary>
    public const int TextLength = 36;

    /// <summary>Reads the 36-character form, in either letter case.</summary>
    /// <returns>False for anything else, braces and missing hyphens included.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out OperationId id)
    {
        if (Guid.TryParseExact(text, "D", out var value) && text is { Length: TextLength })
        {
            id = new OperationId(value);
            return true;
        }

        id = default;
        return false;
    }

    /// <summary>Reads the 36-character form.</summary>
    /// <exception cref="FormatException">The text is not a UUID.</exception>
    public static OperationId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("An operation id is a UUID of 36 characters.");

    /// <summary>When the id was minted, if it is of version 7; otherwise null.</summary>
    public DateTimeOffset? MintedAt
    {
        get
        {
            if (Value.Version != 7)
                return null;
            Span<byte> bytes = stackalloc byte[16];
            Value.TryWriteBytes(bytes, bigEndian: true, out _);
            var milliseconds = 0L;
            for (var i = 0; i < 6; i++)
                milliseconds = (milliseconds << 8) | bytes[i];
            return milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
                : null;
        }
    }

    public override string ToString() => Value.ToString("D");

    /// <summary>Orders as the text does.</summary>
    public int CompareTo(OperationId other) => Value.CompareTo(other.Value);

    public static bool operator <(OperationId left, OperationId right) => left.CompareTo(right) < 0;

    public static bool operator >(OperationId left, OperationId right) => left.CompareTo(right) > 0;

    public static bool operator <=(OperationId left, OperationId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(OperationId left, OperationId right) => left.CompareTo(right) >= 0;
}
