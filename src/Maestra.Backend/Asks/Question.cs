using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Asks;

/// <summary>A question whose fields are checked, whichever endpoint it came through.</summary>
internal sealed record Question
{
    /// <summary>As sent; who that is, is decided with the key (wire.md §1.1).</summary>
    public required UserId User { get; init; }

    public required SurfaceId Surface { get; init; }

    /// <summary>Null when none was sent: one is made.</summary>
    public required ConversationId? ConversationId { get; init; }

    public required string Message { get; init; }

    /// <summary>As sent; null when there was none.</summary>
    public required string? ModeHint { get; init; }

    /// <summary>All may serve the answer; only file and workspace are stored.</summary>
    public SurfaceContext? Context { get; init; }

    /// <summary>Given to the model, never stored.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];

    /// <summary>An object, given to the model, never stored.</summary>
    public JsonElement? ClientContext { get; init; }

    /// <summary>Hex SHA-256 that tells whether two requests ask the same.</summary>
    public required string Fingerprint { get; init; }

    public string EffectiveMode => string.IsNullOrEmpty(ModeHint) ? WireFormat.DefaultMode : ModeHint;
}

/// <summary>What checking the fields of an ask gave.</summary>
internal abstract record QuestionParse
{
    private QuestionParse()
    {
    }

    public sealed record Valid(Question Question) : QuestionParse;

    public sealed record Invalid(IReadOnlyList<ValidationError> Errors) : QuestionParse;
}
