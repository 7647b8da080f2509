using System.Buffers;

namespace ConversationHub.Contracts;

/// <summary>
/// The two headers of W3C Trace Context as a caller may give them. What has another form is no trace context and goes nowhere:
/// a line break in it would begin a request of the caller's own making. Immutable.
/// </summary>
public sealed record TraceContext
{
    /// <summary>What everybody must be able to pass on (W3C Trace Context §3.3.1.5).</summary>
    public const int MaxStateLength = 512;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private TraceContext(string parent, string? state) => (Parent, State) = (parent, state);

    /// <summary><c>traceparent</c>: version, trace id, parent id and flags in lower-case hexadecimal (§3.2).</summary>
    public string Parent { get; }

    /// <summary><c>tracestate</c>: printable ASCII, at most <see cref="MaxStateLength"/> characters (§3.3); null when there is none.</summary>
    public string? State { get; }

    /// <returns>Null when <paramref name="parent"/> is absent or of another form; without the state when only that is.</returns>
    public static TraceContext? TryCreate(string? parent, string? state) =>
        parent is not null && IsParent(parent)
            ? new TraceContext(parent, state is { Length: > 0 and <= MaxStateLength } && !state.AsSpan().ContainsAnyExceptInRange(' ', '~') ? state : null)
            : null;

    private static bool IsParent(ReadOnlySpan<char> text) =>
        text is [_, _, '-', .., '-', _, _] && text.Length == 55 && text[35] == '-'
        && IsHex(text[..2]) && !text[..2].SequenceEqual("ff")
        && IsHex(text[3..35]) && text[3..35].ContainsAnyExcept('0')
        && IsHex(text[36..52]) && text[36..52].ContainsAnyExcept('0')
        && IsHex(text[53..]);

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHex);
}
