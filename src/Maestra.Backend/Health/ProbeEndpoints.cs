using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;
using Maestra.Backend.Stopping;

namespace Maestra.Backend.Health;

/// <summary>
/// <c>GET /health/live</c>: restart me if this fails. <c>GET /health/ready</c>: send questions here, or, with 503, elsewhere.
/// Both need no key, read memory only, and tell one word.
/// </summary>
internal sealed class ProbeEndpoints(IConversationStore store, Drain drain)
{
    private static readonly byte[] Live = """{"status":"live"}"""u8.ToArray();
    private static readonly byte[] Ready = """{"status":"ready"}"""u8.ToArray();
    private static readonly byte[] Draining = """{"status":"draining"}"""u8.ToArray();
    private static readonly byte[] StoreUnavailable = """{"status":"store_unavailable"}"""u8.ToArray();

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.HealthLive, static context => ReplyWriter.WriteAsync(context, new HttpReply.Json(StatusCodes.Status200OK, Live)));
        routes.MapGet(Routes.HealthReady, context => ReplyWriter.WriteAsync(context, Readiness()));
    }

    private HttpReply.Json Readiness()
    {
        if (drain.HasBegun)
            return new HttpReply.Json(StatusCodes.Status503ServiceUnavailable, Draining);
        return store.Status.Health == StoreHealthState.Unavailable
            ? new HttpReply.Json(StatusCodes.Status503ServiceUnavailable, StoreUnavailable)
            : new HttpReply.Json(StatusCodes.Status200OK, Ready);
    }
}
