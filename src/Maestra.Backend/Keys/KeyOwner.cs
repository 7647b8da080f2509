using ConversationHub.Contracts;

namespace Maestra.Backend.Keys;

/// <summary>Whom a key stands for.</summary>
/// <param name="User">Null for a key of user <c>*</c>, which owns all users.</param>
internal sealed record KeyOwner(UserId? User)
{
    public const string EveryUser = "*";

    public static readonly KeyOwner All = new((UserId?)null);
}
