using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Contracts;

/// <summary>Where a question came from, such as <c>windsurf</c>: 1–64 characters without control characters (wire.md §1.1).</summary>
public readonly record struct SurfaceId
{
    public const int MaxLength = 64;

    /// <summary>Taken when neither the setting nor the client says who asks.</summary>
    public static readonly SurfaceId Windsurf = new("windsurf");

    private readonly string? _value;

    private SurfaceId(string value) => _value = value;

    public static bool TryParse([NotNullWhen(true)] string? text, out SurfaceId id)
    {
        var valid = FreeText.IsName(text, MaxLength);
        id = valid ? new SurfaceId(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text does not have the form.</exception>
    public static SurfaceId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A surface id is 1 to 64 characters without control characters.");

    public override string ToString() => _value ?? "";
}
