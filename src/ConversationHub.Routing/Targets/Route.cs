using System.Diagnostics.CodeAnalysis;

namespace ConversationHub.Routing;

/// <summary>Which targets a question may use, and in which order (wire.md §13, <c>MAESTRA_ROUTE</c>).</summary>
public enum Route
{
    /// <summary>Local, then cloud if the owner allows it. The default.</summary>
    LocalFirst,

    LocalOnly,

    CloudOnly,
}

/// <summary>The spelling of routes in settings, arguments and results.</summary>
public static class RouteNames
{
    public const string LocalFirst = "local-first";
    public const string LocalOnly = "local-only";
    public const string CloudOnly = "cloud-only";

    public static string ToWire(this Route route) => route switch
    {
        Route.LocalFirst => LocalFirst,
        Route.LocalOnly => LocalOnly,
        Route.CloudOnly => CloudOnly,
        _ => throw new ArgumentOutOfRangeException(nameof(route)),
    };

    public static bool TryParse([NotNullWhen(true)] string? text, out Route route)
    {
        switch (text)
        {
            case LocalFirst:
                route = Route.LocalFirst;
                return true;
            case LocalOnly:
                route = Route.LocalOnly;
                return true;
            case CloudOnly:
                route = Route.CloudOnly;
                return true;
            default:
                route = default;
                return false;
        }
    }
}
