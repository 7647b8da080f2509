using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ConversationHub.Contracts;
using Polly.CircuitBreaker;

namespace ConversationHub.Routing;

/// <summary>The one class that speaks HTTP to backends. Every reply and every failure becomes a value. Thread-safe.</summary>
internal sealed class BackendClient(IHttpClientFactory clients, RoutingOptions options, TimeProvider time)
{
    /// <summary>How long the body of a status other than 200 is waited for: the status has said what follows, the body holds no more than the words.</summary>
    private static readonly TimeSpan WordsLimit = TimeSpan.FromSeconds(1);

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _local = clients.CreateClient(TargetName.Local.ToWire());
    private readonly HttpClient _cloud = clients.CreateClient(TargetName.Cloud.ToWire());

    /// <summary>Sends the question once. A breaker that opened meanwhile gives <see cref="AttemptOutcome.SkippedOpen"/>.</summary>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled before a status other than 200 had come; the request is aborted. Such a status is told however late its body is.
    /// </exception>
    public async ValueTask<AttemptResult> AskAsync(
        TargetName target, TargetEndpoint endpoint, Question question, AskOptions ask, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.For(question.Endpoint));
        request.Content = new QuestionContent(question.Body, ask.Signs);
        request.Content.Headers.ContentType = Json;
        var headers = request.Headers;
        headers.TryAddWithoutValidation(HeaderNames.IdempotencyKey, question.OperationId.ToString());
        headers.TryAddWithoutValidation(HeaderNames.RequestId, question.RequestId.ToString());
        headers.TryAddWithoutValidation(HeaderNames.DeadlineMs, DeadlineMilliseconds(ask.TimeLeft));
        if (ask.Stream)
            headers.TryAddWithoutValidation("Accept", EventStreamReply.MediaType);
        if (question.Trace is { } trace)
        {
            headers.TryAddWithoutValidation(HeaderNames.TraceParent, trace.Parent);
            if (trace.State is { } state)
                headers.TryAddWithoutValidation(HeaderNames.TraceState, state);
        }

        AddKey(target, headers);
        if (ask.ConnectTimeout is { } shorter)
            request.Options.Set(TargetConnector.ConnectTimeoutKey, shorter);

        var sent = ask.Breaker is { } breaker
            ? await breaker.SendAsync(ClientOf(target), request, cancellationToken).ConfigureAwait(false)
            : await TargetPipeline.SendPastBreakerAsync(ClientOf(target), request, cancellationToken).ConfigureAwait(false);
        if (sent.Exception is BrokenCircuitException)
            return new AttemptResult(AttemptOutcome.SkippedOpen);
        if (sent.Exception is { } unsent && IsOfTransport(unsent, cancellationToken))
            return TransportFailure.BeforeHeaders(unsent);
        sent.ThrowIfException();

        using (var response = sent.Result!)
        {
            try
            {
                return await ReadReplyAsync(response, question.Endpoint, ask, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (IsOfTransport(failure, cancellationToken) || IsBesideTheStatus(failure, response))
            {
                return TransportFailure.InBody(failure, (int)response.StatusCode, RetryAfter(response));
            }
        }
    }

    /// <summary>Asks for the health once. The caller bounds the time by its token.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<HealthAnswer> ReadHealthAsync(TargetName target, TargetEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.Health);
        AddKey(target, request.Headers);
        try
        {
            using var response = await ClientOf(target)
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            using var body = await BoundedBody.ReadAsync(response.Content, signs: null, cancellationToken).ConfigureAwait(false);
            return HealthAnswerReader.Read((int)response.StatusCode, body.Bytes);
        }
        catch (Exception failure) when (IsOfTransport(failure, cancellationToken))
        {
            var result = TransportFailure.BeforeHeaders(failure);
            return Unreachable(result.Detail) with { Distrusted = result.Outcome == AttemptOutcome.Identity ? result : null };
        }
    }

    /// <summary>As <see cref="ReadHealthAsync"/>, and a reply that takes longer than the limit is none.</summary>
    public async Task<HealthAnswer> ReadHealthWithinAsync(
        TargetName target, TargetEndpoint endpoint, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadHealthAsync(target, endpoint, abandon.Token);
        try
        {
            // Waited for from outside, so that not even a transport that is deaf to cancellation can hold up the prober.
            return await reading.WaitAsync(limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return Unreachable($"no answer to a health request within {limit.TotalMilliseconds:0} ms") with { IsSilent = true };
        }
        finally
        {
            // Whoever stopped waiting, for whatever reason, leaves no request behind.
            abandon.Cancel();
        }
    }

    /// <summary>Reads one of its resources, a JSON object. Exactly one of the two is set. The caller bounds the time by its token.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<(JsonElement? Root, AttemptResult? Failure)> GetAsync(
        TargetName target, Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        AddKey(target, request.Headers);
        try
        {
            using var response = await ClientOf(target)
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            using var body = await BoundedBody.ReadAsync(response.Content, signs: null, cancellationToken).ConfigureAwait(false);
            if (body.IsTooLarge)
            {
                return (null, new(AttemptOutcome.Malformed)
                {
                    Status = status,
                    Detail = $"the reply is larger than {WireLimits.ResponseBodyBytes} bytes",
                    IsTooLarge = status == 200,
                });
            }

            var root = JsonObjectReader.TryParse(body.Bytes);
            if (status != 200)
                return (null, ResponseReader.ReadFailure(status, root, RetryAfter(response)));
            return root is not null
                ? (root, null)
                : (null, new(AttemptOutcome.Malformed) { Status = status, Detail = "the reply is not a JSON object" });
        }
        catch (Exception failure) when (IsOfTransport(failure, cancellationToken))
        {
            return (null, TransportFailure.BeforeHeaders(failure));
        }
    }

    private static HealthAnswer Unreachable(string? detail) =>
        new() { Status = TargetStatus.Unreachable, IsAlive = false, Detail = detail };

    private async ValueTask<AttemptResult> ReadReplyAsync(
        HttpResponseMessage response, AskEndpoint endpoint, AskOptions ask, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var content = response.Content;
        if (content.Headers.ContentEncoding.Count > 0)
            return Unread(response, "the reply is compressed, which was not asked for");
        if (status == 200 && ask.Stream && EventStreamReply.MediaType.Equals(content.Headers.ContentType?.MediaType, StringComparison.OrdinalIgnoreCase))
        {
            var stream = new CountingStream(await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
            await using (stream.ConfigureAwait(false))
                return await EventStreamReply.ReadAsync(stream, endpoint, ask.Signs, ask.OnText, cancellationToken).ConfigureAwait(false);
        }

        using var body = await ReadBodyAsync(response, ask.Signs, cancellationToken).ConfigureAwait(false);
        return body.IsTooLarge
            ? Unread(response, $"the reply is larger than {WireLimits.ResponseBodyBytes} bytes")
            : ResponseReader.Read(status, IsJson(content.Headers.ContentType), body.Bytes, endpoint, RetryAfter(response));
    }

    /// <summary>As <see cref="BoundedBody"/>; that of a status other than 200 within <see cref="WordsLimit"/>.</summary>
    private async ValueTask<BoundedBody> ReadBodyAsync(HttpResponseMessage response, IReplySigns signs, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.OK)
            return await BoundedBody.ReadAsync(response.Content, signs, cancellationToken).ConfigureAwait(false);
        using var late = new CancellationTokenSource(WordsLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        return await BoundedBody.ReadAsync(response.Content, signs, either.Token).ConfigureAwait(false);
    }

    /// <summary>A refusal is one whatever its body holds: a 401 must not become a reason to ask the next target.</summary>
    private static AttemptResult Unread(HttpResponseMessage response, string why) => response.StatusCode == HttpStatusCode.OK
        ? new(AttemptOutcome.Malformed) { Status = (int)response.StatusCode, Detail = why }
        : ResponseReader.Read((int)response.StatusCode, isJson: false, default, AskEndpoint.Core, RetryAfter(response));

    private static bool IsJson(MediaTypeHeaderValue? type) =>
        type?.MediaType is { } media
        && (media.Equals("application/json", StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when response.Headers.Date is { } now && date > now => date - now,
        _ => null,
    };

    private static string DeadlineMilliseconds(TimeSpan timeLeft) =>
        Math.Clamp((long)timeLeft.TotalMilliseconds, 1, WireLimits.DeadlineMilliseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>A cancellation that nobody here asked for is the transport's own way to give a connection up.</summary>
    private static bool IsOfTransport(Exception failure, CancellationToken cancellationToken) =>
        failure is HttpRequestException or IOException or System.Net.Sockets.SocketException
        || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>A body that hangs until the attempt is given up takes nothing from a status that has come: it must not become a reason to ask the next target.</summary>
    private static bool IsBesideTheStatus(Exception failure, HttpResponseMessage response) =>
        failure is OperationCanceledException && response.StatusCode != HttpStatusCode.OK;

    private void AddKey(TargetName target, HttpRequestHeaders headers)
    {
        if (target == TargetName.Cloud && options.ApiKey is { } key)
            headers.TryAddWithoutValidation(HeaderNames.ApiKey, key);
    }

    private HttpClient ClientOf(TargetName target) => target == TargetName.Local ? _local : _cloud;
}
