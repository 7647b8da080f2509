using Microsoft.AspNetCore.Http.Features;

namespace Maestra.Backend.Signing;

/// <summary>The path and query that a signature covers: as they stand on the request line.</summary>
internal static class SignedTarget
{
    public static string Of(HttpRequest request) => request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
