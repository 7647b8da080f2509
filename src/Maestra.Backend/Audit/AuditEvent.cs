using ConversationHub.Contracts;

namespace Maestra.Backend.Audit;

/// <summary>Something that happened and must be accounted for (wire.md §11). Never holds message text, a key, a code or a user's id.</summary>
/// <param name="Name">One of <see cref="AuditEventName"/>.</param>
/// <param name="Outcome">One of <see cref="AuditOutcome"/>.</param>
/// <param name="Actor">Who did it: a user's pseudonym, a backend id, an address, or <see cref="System"/>.</param>
/// <param name="Subject">To what: a pseudonym, a backend id, a conversation id, a path's pattern.</param>
internal sealed record AuditEvent(string Name, string Outcome, string Actor, string Subject)
{
    /// <summary>The backend itself, or whoever sits at its command line.</summary>
    public const string System = "system";

    /// <summary>Somebody without a valid key.</summary>
    public const string Unknown = "unknown";

    /// <summary>Who holds a key of all users.</summary>
    public const string Owner = "owner";

    /// <summary>Whoever sits at a local backend, which asks for no key.</summary>
    public const string LocalUser = "local";

    /// <summary>Null for what no request caused.</summary>
    public RequestId? RequestId { get; init; }

    public IReadOnlyList<AuditDetail> Details { get; init; } = [];
}

/// <summary>A text or a whole number: floating point has no canonical form.</summary>
/// <param name="Text">Null when it is a number.</param>
internal readonly record struct AuditDetail(string Name, string? Text, long Number)
{
    public static AuditDetail Of(string name, string text) => new(name, text, 0);

    public static AuditDetail Of(string name, long number) => new(name, null, number);
}
