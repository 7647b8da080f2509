using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Contracts;

/// <summary>One HTTP request or tool call in logs: <c>[A-Za-z0-9._-]{1,64}</c> (wire.md §1.1).</summary>
public readonly record struct RequestId
{
    public const int MaxLength = 64;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly string? _value;

    private RequestId(string value) => _value = value;

    public static bool TryParse([NotNullWhen(true)] string? text, out RequestId id)
    {
        var valid = text is { Length: >= 1 and <= MaxLength } && !text.AsSpan().ContainsAnyExcept(Alphabet);
        id = valid ? new RequestId(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text does not have the form.</exception>
    public static RequestId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A request id is 1 to 64 of A-Z a-z 0-9 . _ -");

    public override string ToString() => _value ?? "";
}
