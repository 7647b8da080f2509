namespace Maestra.Backend.Identity;

/// <summary>What this backend tells others that it can do (wire.md §9.1): what <c>/health</c> tells, and what its kind is for. Nothing it does not do.</summary>
internal static class OwnCapabilities
{
    private static readonly string[] Local = ["conversation_storage", "offline"];
    private static readonly string[] Hosted = ["conversation_storage", "scale", "persistence"];

    public static IReadOnlyList<string> Of(string backendId, IReadOnlyList<string> health) =>
        [.. health, .. backendId.StartsWith(BackendIdentity.LocalPrefix, StringComparison.Ordinal) ? Local : Hosted];
}
