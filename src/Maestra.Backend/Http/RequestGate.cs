using Maestra.Backend.Access;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>
/// How many requests are served at once, whatever they want; beyond that 503 before anything of them is read. Health is not counted:
/// who must know how the backend fares learns it in an overload too. Asks have narrower limits of their own (wire.md §1.2).
/// </summary>
internal sealed class RequestGate(RequestDelegate next, BackendSettings settings)
{
    public const int LocalRequests = 1_024;
    public const int CloudRequests = 4_096;

    private readonly int _max = settings.Mode == BackendMode.Local ? LocalRequests : CloudRequests;
    private int _inside;

    public async Task InvokeAsync(HttpContext context)
    {
        if (PathAccessRules.Of(context.Request.Path) == PathAccess.Open)
        {
            await next(context);
            return;
        }

        try
        {
            await (Interlocked.Increment(ref _inside) <= _max ? next(context) : ReplyWriter.WriteAsync(context, Refusals.Overloaded()));
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
