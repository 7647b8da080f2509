using ConversationHub.Contracts;
using Microsoft.AspNetCore.Http.Features;

namespace Maestra.Backend.Http;

/// <summary>
/// First in the pipeline: names the request, sets the headers of every response, and turns what nobody answered into a problem,
/// unknown paths and bugs included (wire.md §1.3, §7).
/// </summary>
internal sealed class Entry(RequestDelegate next, TimeProvider time, IdSource ids, ILogger<Entry> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var state = Begin(context);
        try
        {
            if (CheckShape(context.Request) is { } refused)
                await ReplyWriter.WriteAsync(context, refused);
            else
                await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            await ReplyWriter.WriteAsync(context, new HttpReply.ClientGone());
            return;
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            logger.RequestBroken(state.RequestId, e.Message);
            await ReplyWriter.WriteAsync(context, e.StatusCode == StatusCodes.Status408RequestTimeout
                ? Refusals.RequestTimeout()
                : HttpReply.Problem(e.StatusCode, ProblemCode.InvalidRequest, "The request is not valid HTTP"));
            return;
        }
#pragma warning disable CA1031 // The last line of defence: a bug is logged under the request id and answered with the plain text only.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            logger.RequestCrashed(state.RequestId, e);
            await ReplyWriter.WriteAsync(context, Refusals.InternalError());
            return;
        }

        if (context.Response is { HasStarted: false, ContentLength: null })
            await AnswerBareStatusAsync(context);
    }

    private RequestState Begin(HttpContext context)
    {
        // A malformed id is replaced, not refused.
        var id = RequestId.TryParse(context.Request.Headers[HeaderNames.RequestId], out var sent) ? sent : ids.NewRequestId();
        var state = new RequestState { RequestId = id, StartedAt = time.GetTimestamp() };
        context.Features.Set(state);
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers[HeaderNames.RequestId] = id.ToString();
        return state;
    }

    /// <summary>The server itself allows more, so that these two can be answered as problems.</summary>
    private static HttpReply.Refused? CheckShape(HttpRequest request)
    {
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        const int SpacesAndLineEnd = 4;
        if (request.Method.Length + target.Length + request.Protocol.Length + SpacesAndLineEnd > WireLimits.RequestLineBytes)
            return Refusals.UriTooLong();

        var bytes = 0;
        foreach (var (name, values) in request.Headers)
        {
            foreach (var value in values)
                bytes += name.Length + (value?.Length ?? 0) + SpacesAndLineEnd;
        }

        return bytes > WireLimits.HeaderBytes ? Refusals.HeadersTooLarge() : null;
    }

    /// <summary>Routing answers an unknown path or method with a status alone.</summary>
    private static Task AnswerBareStatusAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => ReplyWriter.WriteAsync(context, Refusals.NotFound()),
        StatusCodes.Status405MethodNotAllowed => ReplyWriter.WriteAsync(context, Refusals.MethodNotAllowed()),
        _ => Task.CompletedTask,
    };
}
