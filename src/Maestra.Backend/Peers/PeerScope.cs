using System.Diagnostics.CodeAnalysis;
using ConversationHub.Contracts;

namespace Maestra.Backend.Peers;

/// <summary>Whose conversations go both ways in a pairing: one user's, or everybody's when one owner has both sides (wire.md §9.2).</summary>
/// <param name="User">Null: everybody's.</param>
internal readonly record struct PeerScope(UserId? User)
{
    public const string Everybody = "*";

    public static bool TryParse([NotNullWhen(true)] string? text, out PeerScope scope)
    {
        scope = default;
        if (text == Everybody)
            return true;
        if (!UserId.TryParse(text, out var user))
            return false;
        scope = new PeerScope(user);
        return true;
    }

    /// <summary>Whether an operation of this user may be sent to the peer and taken from it.</summary>
    public bool Covers(UserId user) => User is null || User == user;

    public override string ToString() => User?.ToString() ?? Everybody;
}
