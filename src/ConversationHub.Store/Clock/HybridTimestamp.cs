using System.Globalization;

namespace ConversationHub.Store.Clock;

/// <summary>
/// A hybrid logical time (wire.md §1.1, <c>hlc</c>): 48 bits of Unix milliseconds and 16 of a counter.
/// Written as 16 lower-case hexadecimal digits, so that it compares as text as it does as a number.
/// </summary>
internal readonly record struct HybridTimestamp(ulong Value) : IComparable<HybridTimestamp>
{
    public const int TextLength = 16;
    public const long MaxMilliseconds = (1L << 48) - 1;
    private const int CounterBits = 16;

    public static HybridTimestamp Create(long unixMilliseconds, ushort counter) =>
        new(((ulong)Math.Clamp(unixMilliseconds, 0, MaxMilliseconds) << CounterBits) | counter);

    public long UnixMilliseconds => (long)(Value >> CounterBits);

    public ushort Counter => (ushort)Value;

    /// <summary>The time of an event at this backend: later than every time seen before, and the wall clock's where that is ahead.</summary>
    /// <param name="last">The greatest time made or seen so far.</param>
    /// <param name="nowUnixMilliseconds">The wall clock, which may jump either way.</param>
    public static HybridTimestamp Next(HybridTimestamp last, long nowUnixMilliseconds)
    {
        var now = Create(nowUnixMilliseconds, 0);

        // One more than the last also carries from a full counter into the milliseconds.
        return now > last ? now : new HybridTimestamp(last.Value == ulong.MaxValue ? last.Value : last.Value + 1);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out HybridTimestamp time)
    {
        time = default;
        if (text.Length != TextLength || text.ContainsAnyInRange('A', 'F')
            || !ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        time = new HybridTimestamp(value);
        return true;
    }

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);

    public int CompareTo(HybridTimestamp other) => Value.CompareTo(other.Value);

    public static bool operator <(HybridTimestamp left, HybridTimestamp right) => left.Value < right.Value;

    public static bool operator >(HybridTimestamp left, HybridTimestamp right) => left.Value > right.Value;

    public static bool operator <=(HybridTimestamp left, HybridTimestamp right) => left.Value <= right.Value;

    public static bool operator >=(HybridTimestamp left, HybridTimestamp right) => left.Value >= right.Value;
}
