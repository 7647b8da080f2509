using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.WireMock;
using Maestra.Backend.Advisors;
using Maestra.Backend.Alerts;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Providers;

namespace Maestra.Backend.Tests.Alerts;

/// <summary>Every alert on its whole way, from the request that calls for it to Slack, and a Slack with every fault (T50).</summary>
public sealed class AlertDeliveryTests(WireMockServer slack) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Webhook = "/slack";

    public Task InitializeAsync()
    {
        slack.Reset();
        slack.StubText("POST", Webhook, 200, "ok", "text/plain");
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Asks_FailAndAreSlowAndWellAgain_AreToldOnceEachWithTheirEnd_T50()
    {
        await using (var backend = await TestBackend.StartLocalAsync(Setting))
        {
            FailSlowly(backend);
            await PostedAsync(backend, 1);
            await backend.AskAsync(TestBackend.Question());
            await PostedAsync(backend, 2);
            for (var ask = 2; ask <= AlertPolicy.MinAsks; ask++)
                Assert.Equal(HttpStatusCode.BadGateway, (await backend.AskAsync(TestBackend.Question())).Status);
            TickTo(backend, 2 * AlertPolicy.TickInterval);
            await PostedAsync(backend, 4);
            TickTo(backend, AlertPolicy.Window + AlertPolicy.TickInterval);
            await PostedAsync(backend, 6);
            TickTo(backend, AlertPolicy.Window + (2 * AlertPolicy.TickInterval));
            await PostedAsync(backend, 7);
        }

        Assert.Equal(
            [
                "Backend started: local 2.0.0", "Request failed: 502 provider_failed",
                "High error rate: 100.0 % of 20 asks failed in the last 5 minutes", "High latency: 2000 ms on average over 20 asks in the last 5 minutes",
                "Recovered: High error rate: back below its threshold", "Recovered: High latency: back below its threshold",
                "Recovered: Request failed: no request has failed for 5 minutes", "Backend stopping: no more questions are taken",
            ],
            Told());
    }

    [Fact]
    public async Task Ask_OverACostLimit_IsTold_T47_T50()
    {
        await using var rig = await ModelRig.StartAsync((SettingNames.DailyCostLimit, "0.0005"), Setting);

        Assert.Equal("cost_limit_exceeded", (await rig.Backend.AskAsync(TestBackend.Question())).Code);
        await rig.Backend.AskAsync(TestBackend.Question());
        await slack.RequestAsync(2);

        Assert.StartsWith("Cost limit reached: The daily cost limit of 0.0005 USD", Assert.Single(Told(), static one => one.StartsWith("Cost", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reset", "no answer")]
    [InlineData("empty", "no answer")]
    [InlineData("garbage", "no answer")]
    [InlineData("silence", "no answer within 5 s")]
    [InlineData("500", "it answered 500")]
    [InlineData("404", "it answered 404")]
    [InlineData("429", "it answered 429")]
    [InlineData("302", "it answered 302")]
    public async Task Slack_HasAFault_ThatAlertIsLoggedAsLostAndTheNextArrives_T50(string fault, string logged)
    {
        Break(fault);
        await using var backend = await TestBackend.StartLocalAsync(Setting);
        await slack.RequestAsync(1);

        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question())).Status);
        if (fault == "silence")
            backend.Time.Advance(AlertBoard.PostTimeout);
        await UntilAsync(() => backend.Log.Contains($"An alert could not be sent: {logged}", StringComparison.Ordinal));

        slack.StubText("POST", Webhook, 200, "ok", "text/plain");
        FailSlowly(backend);
        Assert.Equal(HttpStatusCode.BadGateway, (await backend.AskAsync(TestBackend.Question())).Status);
        await slack.RequestAsync(2);
        Assert.Equal("Request failed: 502 provider_failed", Told()[^1]);
        Assert.DoesNotContain(slack.Requests, static request => request.Url != Webhook);
        Assert.DoesNotContain(Webhook, backend.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clock_IsSetBackByADay_TheQuietPeriodIsAsLongAsEver()
    {
        await using var backend = await TestBackend.StartLocalAsync(Setting);
        FailSlowly(backend);
        await PostedAsync(backend, 1);
        await backend.AskAsync(TestBackend.Question());
        await PostedAsync(backend, 2);
        backend.Time.WallOffset = TimeSpan.FromDays(-1);
        backend.Time.Advance(AlertPolicy.QuietPeriod);

        await backend.AskAsync(TestBackend.Question());
        await slack.RequestAsync(3);

        Assert.Equal(2, Told().Count(static one => one == "Request failed: 502 provider_failed"));
    }

    private (string Name, string Value) Setting => (SettingNames.SlackWebhook, new Uri(slack.Url, Webhook).ToString());

    private static void FailSlowly(TestBackend backend) => backend.Advisor.Script = (_, _) =>
    {
        backend.Time.Advance(TimeSpan.FromSeconds(2));
        return Task.FromResult<AdvisorOutcome>(new AdvisorOutcome.Failed(AdvisorFailure.Provider, "as told"));
    };

    private void Break(string fault)
    {
        switch (fault)
        {
            case "reset":
                slack.StubFault("POST", Webhook, WireMockFault.ConnectionReset);
                break;
            case "empty":
                slack.StubFault("POST", Webhook, WireMockFault.EmptyResponse);
                break;
            case "garbage":
                slack.StubFault("POST", Webhook, WireMockFault.RandomDataThenClose);
                break;
            case "silence":
                slack.StubSilence("POST", Webhook);
                break;
            default:
                slack.StubText("POST", Webhook, int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "no", "text/plain", ("Location", "/elsewhere"));
                break;
        }
    }

    private List<string> Told() => [.. slack.Requests.Select(static request => request.Json["attachments"]![0]!).Select(static one => $"{one["title"]}: {one["text"]}")];

    private static void TickTo(TestBackend backend, TimeSpan elapsed)
    {
        while (backend.Time.Elapsed < elapsed)
            backend.Time.Advance(TimeSpan.FromSeconds(10));
    }

    /// <summary>Until that many have arrived and none is on its way: the clock may not run over the limit of one that is.</summary>
    private async Task PostedAsync(TestBackend backend, int count)
    {
        await slack.RequestAsync(count);
        await UntilAsync(() => !backend.Time.Waiting.Any(static left => left <= AlertBoard.PostTimeout));
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!isSo())
            await Task.Delay(5, limit.Token);
    }
}
