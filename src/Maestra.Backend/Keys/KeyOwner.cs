using System.Diagnostics.CodeAnalysis;
using ConversationHub.Contracts;

namespace Maestra.Backend.Keys;

/// <summary>Whom a key stands for.</summary>
/// <param name="User">Null for a key of user <c>*</c>, which owns all users.</param>
internal sealed record KeyOwner(UserId? User)
{
    public const string EveryUser = "*";

    public static readonly KeyOwner All = new((UserId?)null);

    public static readonly string UserRule = $"the user is not 1 to {UserId.MaxLength} characters without control characters";

    /// <param name="text">A user id, or <c>*</c>.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out KeyOwner? owner)
    {
        owner = text == EveryUser ? All : UserId.TryParse(text, out var user) ? new KeyOwner(user) : null;
        return owner is not null;
    }
}
