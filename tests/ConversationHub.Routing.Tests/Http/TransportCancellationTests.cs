using ConversationHub.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace ConversationHub.Routing.Tests.Http;

public sealed class TransportCancellationTests
{
    /// <summary>The transport may give a connection up by a cancellation of its own: a failed attempt, not a fault of the hub.</summary>
    [Fact]
    public async Task AskAsync_TransportCancelsByItself_CountsAsAFailedAttempt()
    {
        var services = new ServiceCollection().AddLogging().AddRouting(
            new RoutingOptions { LocalUrl = new Uri("http://127.0.0.1:8900"), Route = Route.LocalOnly });
        services.AddHttpClient("local").ConfigurePrimaryHttpMessageHandler(static () => new CancelsByItself());
        await using var provider = services.BuildServiceProvider();
        var ids = new IdSource(TimeProvider.System);

        var result = await provider.GetRequiredService<IQuestionRouter>().AskAsync(
            new Question
            {
                Endpoint = AskEndpoint.Core,
                Body = "{}"u8.ToArray(),
                OperationId = ids.NewOperationId(),
                RequestId = ids.NewRequestId(),
                Budget = TimeSpan.FromSeconds(50),
            },
            CancellationToken.None);

        Assert.Equal((AttemptOutcome.Reset, true), (Assert.Single(result.Attempts).Outcome, result.MayHaveRun));
    }

    private sealed class CancelsByItself : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new TaskCanceledException("The operation was canceled.");
    }
}
