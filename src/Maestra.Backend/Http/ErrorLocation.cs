namespace Maestra.Backend.Http;

/// <summary>Where a validation error lies: first part of <c>loc</c> (wire.md §7).</summary>
internal static class ErrorLocation
{
    public const string Body = "body";
    public const string Query = "query";
    public const string Path = "path";
}
