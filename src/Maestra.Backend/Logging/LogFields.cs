namespace Maestra.Backend.Logging;

/// <summary>Names in message templates that the JSON form shows as fields of their own.</summary>
internal static class LogFields
{
    public const string RequestId = "RequestId";

    /// <summary>Of the user, never the id itself (wire.md §11).</summary>
    public const string UserPseudonym = "UserPseudonym";

    public const string DurationMs = "DurationMs";
}
