using System.Buffers;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Asks;

/// <summary>
/// Refuses an ask that finds all places taken (wire.md §1.2), behind the guards that decide who may ask and how often, and before all that a refusal
/// does not need: its route, its headers, its body, a line of metrics (docs/decisions/0070). What comes in an overload is mostly this.
/// </summary>
internal sealed class OverloadGuard(RequestDelegate next, AskGate gate, AskReporter reporter)
{
    private static readonly HttpReply.Refused Refusal = Refusals.Overloaded();

    // As ReplyWriter would write it; a test compares the two. Request and operation ids need no escaping.
    private static readonly byte[] Head = Encoding.UTF8.GetBytes(
        $"{{\"detail\":{Refusal.Detail.GetRawText()},\"code\":\"{Refusal.Code}\",\"request_id\":\"");
    private static readonly byte[] Middle = "\",\"operation_id\":\""u8.ToArray();
    private static readonly byte[] Tail = "\"}"u8.ToArray();
    private static readonly string RetryAfter = ReplyWriter.RetryAfter(Refusal)!;

    public Task InvokeAsync(HttpContext context)
    {
        if (!gate.IsFull || !HttpMethods.IsPost(context.Request.Method) || AskEndpoints.RouteOf(context.Request.Path) is not { } route)
            return next(context);
        Refuse(context, route);
        return Task.CompletedTask;
    }

    private void Refuse(HttpContext context, string route)
    {
        var state = RequestState.Of(context);
        (state.Route, state.Problem) = (route, Refusal);
        var sent = context.Request.Headers[HeaderNames.IdempotencyKey];
        if (sent.Count == 1 && OperationId.TryParse(sent[0], out var operation))
            state.OperationId = operation;
        reporter.Overloaded(state);

        var response = context.Response;
        response.StatusCode = Refusal.Status;
        response.ContentType = ReplyWriter.JsonType;
        response.Headers.RetryAfter = RetryAfter;
        var request = state.RequestId.ToString();
        var question = state.OperationId?.ToString();
        var length = Head.Length + request.Length + Tail.Length + (question is null ? 0 : Middle.Length + question.Length);
        response.ContentLength = length;

        // Sent with the end of the request: nobody waits for it here.
        var writer = response.BodyWriter;
        var body = writer.GetSpan(length);
        var at = Put(body, Head, 0);
        at += Encoding.ASCII.GetBytes(request, body[at..]);
        if (question is not null)
        {
            at = Put(body, Middle, at);
            at += Encoding.ASCII.GetBytes(question, body[at..]);
        }

        writer.Advance(Put(body, Tail, at));
    }

    private static int Put(Span<byte> body, byte[] part, int at)
    {
        part.CopyTo(body[at..]);
        return at + part.Length;
    }
}
