using System.Globalization;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Http;

/// <summary>Writes replies: the one place where a status, a body and their headers meet.</summary>
internal static class ReplyWriter
{
    public const string JsonType = "application/json";

    public static Task WriteAsync(HttpContext context, HttpReply reply)
    {
        switch (reply)
        {
            case HttpReply.Json json:
                return WriteAsync(context, json.Status, json.Body);
            case HttpReply.Refused refused:
                if (RetryAfter(refused) is { } seconds)
                    context.Response.Headers.RetryAfter = seconds;
                return WriteAsync(context, refused.Status, Problem(RequestState.Of(context), refused));
            default:
                // For whoever counts requests; it goes nowhere.
                if (!context.Response.HasStarted)
                    context.Response.StatusCode = HttpReply.ClientGone.Status;
                context.Abort();
                return Task.CompletedTask;
        }
    }

    /// <summary>The header <c>Retry-After</c>; null where none is told.</summary>
    public static string? RetryAfter(HttpReply.Refused refused) => refused.RetryAfterSeconds?.ToString(CultureInfo.InvariantCulture);

    /// <param name="fileName">ASCII without quotes.</param>
    public static void NameAttachment(HttpResponse response, string fileName) =>
        response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";

    /// <summary>The body of a problem, which the request then remembers.</summary>
    /// <param name="withStatus">Where no status line tells it.</param>
    public static byte[] Problem(RequestState state, HttpReply.Refused refused, bool withStatus = false)
    {
        state.Problem = refused;
        return JsonSerializer.SerializeToUtf8Bytes(
            new Problem
            {
                Detail = refused.Detail,
                Code = refused.Code,
                RequestId = state.RequestId.ToString(),
                OperationId = state.OperationId?.ToString(),
                Status = withStatus ? refused.Status : null,
                RetryAfter = withStatus ? refused.RetryAfterSeconds : null,
            },
            MaestraJson.Compact.Problem);
    }

    private static Task WriteAsync(HttpContext context, int status, byte[] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = JsonType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body).AsTask();
    }
}
