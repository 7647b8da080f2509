using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Contracts;

/// <summary>Whose a conversation is: 1–128 characters without control characters (wire.md §1.1).</summary>
public readonly record struct UserId
{
    public const int MaxLength = 128;

    /// <summary>Means "whoever you know me to be".</summary>
    public static readonly UserId Anonymous = new("anonymous");

    private readonly string? _value;

    private UserId(string value) => _value = value;

    public static bool TryParse([NotNullWhen(true)] string? text, out UserId id)
    {
        var valid = FreeText.IsName(text, MaxLength);
        id = valid ? new UserId(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text does not have the form.</exception>
    public static UserId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A user id is 1 to 128 characters without control characters.");

    public override string ToString() => _value ?? "";
}
