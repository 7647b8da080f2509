using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing.Backends;

namespace ConversationHub.Routing.Tests.Simulation;

/// <summary>A backend in virtual time, in place of the sockets. Used on one thread.</summary>
internal sealed class SimulatedBackend(string name, TimeProvider time, Random random) : HttpMessageHandler
{
    private static readonly string Health = MaestraReplies.Health("local", 8825).ToJsonString();
    private static readonly string Envelope = MaestraReplies.Envelope("an answer", "main").ToJsonString();

    public SimulatedWeather Weather { get; set; }

    /// <summary>How often each operation id reached it.</summary>
    public Dictionary<string, int> Asked { get; } = [];

    /// <summary>Operation ids it refused for good.</summary>
    public HashSet<string> RefusedForGood { get; } = [];

    /// <summary>Health requests that are neither answered nor given up by who asked.</summary>
    public int HealthInFlight { get; private set; }

    /// <summary>Questions answered with a reply.</summary>
    public int Answered { get; private set; }

    /// <summary>Operation ids that are being asked here, and not given up by who asked.</summary>
    public HashSet<string> InFlight { get; } = [];

    /// <summary>Told before a question is treated.</summary>
    public Action<string>? OnAsk { get; set; }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.RequestUri!.AbsolutePath == Routes.Health ? AnswerHealthAsync(cancellationToken) : AnswerAskAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> AnswerHealthAsync(CancellationToken cancellationToken)
    {
        // Also one that is deaf to it: who asked has given it up.
        var isInFlight = true;
        void End()
        {
            if (isInFlight)
                HealthInFlight--;
            isInFlight = false;
        }

        HealthInFlight++;
        await using var givenUp = cancellationToken.Register(End);
        try
        {
            await ConnectAsync(cancellationToken);
            return Weather switch
            {
                SimulatedWeather.Deaf => await NeverAsync(CancellationToken.None),
                SimulatedWeather.Impostor => Json(200, """{"ok":true}"""),
                SimulatedWeather.Garbage => throw new HttpRequestException(HttpRequestError.InvalidResponse),
                SimulatedWeather.Hangs => await NeverAsync(cancellationToken),
                _ => Json(200, Health),
            };
        }
        finally
        {
            End();
        }
    }

    private async Task<HttpResponseMessage> AnswerAskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var operation = request.Headers.GetValues(HeaderNames.IdempotencyKey).Single();
        OnAsk?.Invoke(operation);
        InFlight.Add(operation);
        await using var givenUp = cancellationToken.Register(() => InFlight.Remove(operation));
        try
        {
            return await TreatAsync(request, operation, cancellationToken);
        }
        finally
        {
            InFlight.Remove(operation);
        }
    }

    private async Task<HttpResponseMessage> TreatAsync(HttpRequestMessage request, string operation, CancellationToken cancellationToken)
    {
        await ConnectAsync(cancellationToken);
        await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
        Asked[operation] = Asked.GetValueOrDefault(operation) + 1;
        await DelayAsync(random.Next(1, 40), cancellationToken);
        switch (Weather)
        {
            case SimulatedWeather.Slow:
                await DelayAsync(random.Next(500, 45_000), cancellationToken);
                return Answer();
            case SimulatedWeather.Resets:
                throw new HttpRequestException(HttpRequestError.ResponseEnded);
            case SimulatedWeather.Hangs:
                return await NeverAsync(cancellationToken);
            case SimulatedWeather.Deaf:
                return await NeverAsync(CancellationToken.None);
            case SimulatedWeather.Garbage:
                throw new HttpRequestException(HttpRequestError.InvalidResponse);
            case SimulatedWeather.Impostor:
                return Json(200, """{"ok":true}""");
            case SimulatedWeather.Busy:
                return Problem(503, ProblemCode.Overloaded);
            case SimulatedWeather.BusyForAWhile:
                var busy = Problem(503, ProblemCode.Overloaded);
                busy.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(random.Next(1, 200)));
                return busy;
            case SimulatedWeather.Fails:
                return Problem(500, ProblemCode.InternalError);
            case SimulatedWeather.Lies:
                return Problem(502, ProblemCode.ProviderFailed);
            case SimulatedWeather.RefusesTheQuestion:
                RefusedForGood.Add(operation);
                return Problem(422, ProblemCode.InvalidRequest);
            case SimulatedWeather.OverQuota:
                RefusedForGood.Add(operation);
                return Problem(429, ProblemCode.RateLimited);
            default:
                return Answer();
        }
    }

    private HttpResponseMessage Answer()
    {
        Answered++;
        return Json(200, Envelope);
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        switch (Weather)
        {
            case SimulatedWeather.Refused:
                throw Connect(AttemptOutcome.Refused);
            case SimulatedWeather.ConnectHangs:
                await DelayAsync(250, cancellationToken);
                throw Connect(AttemptOutcome.ConnectTimeout);
            case SimulatedWeather.BadCertificate:
                throw new HttpRequestException(HttpRequestError.SecureConnectionError);
            default:
                break;
        }
    }

    private HttpRequestException Connect(AttemptOutcome outcome) =>
        new(HttpRequestError.ConnectionError, name, new ConnectFailedException(outcome, outcome.ToWire(), inner: null));

    private static async Task<HttpResponseMessage> NeverAsync(CancellationToken cancellationToken)
    {
        var never = new TaskCompletionSource<HttpResponseMessage>();
        await using var registration = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
        return await never.Task;
    }

    /// <summary>Unlike <see cref="Task.Delay(TimeSpan, TimeProvider, CancellationToken)"/> it is cancelled on the thread that cancels.</summary>
    private async Task DelayAsync(int milliseconds, CancellationToken cancellationToken)
    {
        var due = new TaskCompletionSource();
        await using var timer = time.CreateTimer(_ => due.TrySetResult(), null, TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
        await using var registration = cancellationToken.Register(() => due.TrySetCanceled(cancellationToken));
        await due.Task;
    }

    private static HttpResponseMessage Problem(int status, string code) => Json(status, $$"""{"detail":"No","code":"{{code}}","request_id":"r"}""");

    private static HttpResponseMessage Json(int status, string body) => new((HttpStatusCode)status)
    {
        Content = new StringContent(body, Encoding.UTF8, "application/json"),
    };
}
