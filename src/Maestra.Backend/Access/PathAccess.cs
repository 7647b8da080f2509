using ConversationHub.Contracts;

namespace Maestra.Backend.Access;

/// <summary>What a request of a path must show in cloud mode (wire.md §8).</summary>
internal enum PathAccess
{
    /// <summary>A key, or a token of the issuer; unknown paths included.</summary>
    Key,

    /// <summary>Nothing; neither limited nor redirected. A key that is sent counts all the same, for what is told.</summary>
    Open,

    /// <summary>A peer's signature in place of a key. Checked where the body is read.</summary>
    Signature,
}

/// <summary>Which path is which. The one list; a test walks the routes against it.</summary>
internal static class PathAccessRules
{
    public const string Sync = "/sync";
    private const string RegisterPeer = "/register-peer";

    private static readonly PathString[] Open = [Routes.Health, Routes.HealthLive, Routes.HealthReady];
    private static readonly PathString[] Signed = [Sync, RegisterPeer];

    public static PathAccess Of(PathString path) =>
        Open.Contains(path) ? PathAccess.Open : Signed.Contains(path) ? PathAccess.Signature : PathAccess.Key;
}
