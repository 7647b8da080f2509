using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using ConversationHub.Contracts;
using ConversationHub.Routing;
using ConversationHub.Testing.Backends;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;

namespace ConversationHub.Benchmarks.Router;

/// <summary>What the router adds to one call: a transport that answers at once, through HttpClient alone, through plain Polly, and through the router.</summary>
[Config(typeof(InProcess))]
[MemoryDiagnoser]
public class RouterOverhead
{
    private readonly byte[] _body = """{"user_id":"ada","surface_id":"benchmark","conversation_id":"main","message":"hi"}"""u8.ToArray();
    private readonly Uri _url = new("http://127.0.0.1:8900" + Routes.Core);
    private ServiceProvider _services = null!;
    private HttpClient _client = null!;
    private ResiliencePipeline<HttpResponseMessage> _polly = null!;
    private IQuestionRouter _router = null!;
    private Question _question = null!;

    [GlobalSetup]
    public void SetUp()
    {
        var services = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddRouting(new RoutingOptions { LocalUrl = new Uri("http://127.0.0.1:8900"), CloudUrl = new Uri("https://maestra.example.com") });
        services.AddHttpClient("local").ConfigurePrimaryHttpMessageHandler(static () => new AnswersAtOnce());
        _services = services.BuildServiceProvider();
        _client = _services.GetRequiredService<IHttpClientFactory>().CreateClient("local");
        _router = _services.GetRequiredService<IQuestionRouter>();
        _polly = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddCircuitBreaker(new Polly.CircuitBreaker.CircuitBreakerStrategyOptions<HttpResponseMessage>())
            .AddTimeout(TimeSpan.FromSeconds(30))
            .Build();
        var ids = new IdSource(TimeProvider.System);
        _question = new Question
        {
            Endpoint = AskEndpoint.Core,
            Body = _body,
            OperationId = ids.NewOperationId(),
            RequestId = ids.NewRequestId(),
            Budget = TimeSpan.FromSeconds(50),
        };
    }

    [GlobalCleanup]
    public async Task CleanUp() => await _services.DisposeAsync();

    [Benchmark(Baseline = true, Description = "HttpClient alone, body read and parsed")]
    public Task<string> HttpClientAlone() => SendAsync(CancellationToken.None);

    [Benchmark(Description = "plain Polly: breaker and timeout around it")]
    public async Task<string> PlainPolly()
    {
        using var response = await _polly.ExecuteAsync(
            static async (self, cancellationToken) => await self._client.SendAsync(
                self.NewRequest(), HttpCompletionOption.ResponseHeadersRead, cancellationToken),
            this,
            CancellationToken.None);
        return await ReadAsync(response);
    }

    [Benchmark(Description = "the router")]
    public async Task<string> Router() => (await _router.AskAsync(_question, CancellationToken.None)).Reply!.Answer;

    private async Task<string> SendAsync(CancellationToken cancellationToken)
    {
        using var response = await _client.SendAsync(NewRequest(), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await ReadAsync(response);
    }

    private HttpRequestMessage NewRequest()
    {
        var content = new ByteArrayContent(_body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = content };
        request.Headers.TryAddWithoutValidation(HeaderNames.IdempotencyKey, _question.OperationId.ToString());
        request.Headers.TryAddWithoutValidation(HeaderNames.RequestId, _question.RequestId.ToString());
        request.Headers.TryAddWithoutValidation(HeaderNames.DeadlineMs, "30000");
        return request;
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return System.Text.Json.JsonElement.Parse(bytes).GetProperty("reply").GetString()!;
    }

    private sealed class AnswersAtOnce : HttpMessageHandler
    {
        private static readonly byte[] Envelope = Encoding.UTF8.GetBytes(MaestraReplies.Envelope("an answer", "main").ToJsonString());
        private static readonly byte[] Health = """{"status":"healthy","brain_id":"maestra","capabilities":["idempotency"]}"""u8.ToArray();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var content = new ByteArrayContent(request.RequestUri!.AbsolutePath == Routes.Health ? Health : Envelope);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        }
    }

    private sealed class InProcess : ManualConfig
    {
        public InProcess() => AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
    }
}
