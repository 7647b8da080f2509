using System.Globalization;

namespace Maestra.Backend.Access;

/// <summary>Tells a caller what is left, in both families of headers (wire.md §8).</summary>
internal static class RateHeaders
{
    public const string Limit = "RateLimit-Limit";
    public const string Remaining = "RateLimit-Remaining";
    public const string Reset = "RateLimit-Reset";
    public const string Policy = "RateLimit-Policy";
    public const string OldLimit = "X-RateLimit-Limit";
    public const string OldRemaining = "X-RateLimit-Remaining";
    public const string OldReset = "X-RateLimit-Reset";

    public static void Write(IHeaderDictionary headers, RateVerdict verdict, RateLimit limit, DateTimeOffset now)
    {
        headers[Limit] = headers[OldLimit] = Text(verdict.Limit);
        headers[Remaining] = headers[OldRemaining] = Text(verdict.Remaining);
        headers[Reset] = Text(verdict.LeftSeconds);
        headers[OldReset] = Text((long)Math.Ceiling((now + verdict.Left - DateTimeOffset.UnixEpoch).TotalSeconds));
        headers[Policy] = $"{Text(limit.Requests)};w={Text((long)limit.Window.TotalSeconds)}";
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
