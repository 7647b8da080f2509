using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Asks;

/// <summary>Who asks, once key and body have been put side by side (wire.md §1.1, §4, §8). Pure.</summary>
internal static class Asker
{
    /// <returns>The user, or the refusal of a body, query or path that names another than the key's.</returns>
    public static HttpReply.Refused? Resolve(UserId named, KeyOwner? key, BackendSettings settings, out UserId user)
    {
        user = named;
        if (settings.Mode == BackendMode.Local)
        {
            if (named == UserId.Anonymous)
                user = settings.User;
            return null;
        }

        // A key of all users cannot tell who "anonymous" is: it is then taken literally.
        if (key?.User is not { } owner)
            return null;
        user = owner;
        return named == UserId.Anonymous || named == owner ? null : Refusals.UserMismatch(owner);
    }
}
