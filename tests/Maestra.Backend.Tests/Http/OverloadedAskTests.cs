using System.Net;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;

namespace Maestra.Backend.Tests.Http;

/// <summary>An ask that finds all places taken is refused early and cheaply (docs/decisions/0070), and by nobody whom the guards would not have let ask.</summary>
public sealed class OverloadedAskTests : IDisposable
{
    private const string OperationText = "019b8d7d-f23b-7a1b-ac3d-4e5f60718293";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/api/maestra/core", OperationText)]
    [InlineData("/API/maestra/CORE", null)]
    [InlineData("/api/maestra/advisor/ask", OperationText)]
    [InlineData("/advisor/ask", null)]
    [InlineData("/tgif/ask", "no id")]
    public async Task Ask_AllPlacesAreTaken_IsTheProblemThatEveryRefusalWrites(string path, string? operation)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using var full = Full(backend);
        (string, string)[] headers = operation is null ? [("X-Request-ID", "r-1")] : [("X-Request-ID", "r-1"), ("Idempotency-Key", operation)];

        var refused = await backend.AskAsync(TestBackend.Question(), path, headers: headers);

        var state = new RequestState { RequestId = RequestId.Parse("r-1"), StartedAt = 0, OperationId = OperationId.TryParse(operation, out var id) ? id : null };
        Assert.Equal(Encoding.UTF8.GetString(ReplyWriter.Problem(state, Refusals.Overloaded())), refused.Text);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "1", "r-1"), (refused.Status, refused.Headers["Retry-After"], refused.Headers["X-Request-ID"]));
        Assert.Equal("no-store", refused.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task Ask_AllPlacesAreTaken_IsCountedAndHasNoLine_AndTheNextIsAnswered()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.StateRoot, _folder.Combine("state")));
        using (Full(backend))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await backend.AskAsync(TestBackend.Question())).Status);
            Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health")).Status);
            Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations")).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question())).Status);

        var metrics = (await backend.GetAsync("/metrics")).Json;
        var series = (await backend.GetAsync("/metrics/prometheus")).Text;
        await backend.DisposeAsync();
        Assert.Equal((2, 1), ((int)metrics["total_requests"]!, (int)metrics["total_errors"]!));
        Assert.Contains("maestra_request_duration_seconds_count{route=\"/api/maestra/core\",method=\"POST\",status=\"503\"} 1\n", series, StringComparison.Ordinal);
        Assert.Contains("\"status_code\":200", Assert.Single(File.ReadAllLines(_folder.Combine("state", "maestra_metrics.jsonl"))), StringComparison.Ordinal);
    }

    /// <summary>Host, origin, key and rate limit decide before it, whatever is taken.</summary>
    [Fact]
    public async Task Ask_AllPlacesAreTaken_TheGuardsComeFirst()
    {
        await using var local = await TestBackend.StartLocalAsync();
        await using var cloud = await TestBackend.StartCloudAsync((SettingNames.RateLimitRequests, "1"));
        using var taken = Full(local);
        using var takenToo = Full(cloud);

        Assert.Equal("host_refused", (await local.AskAsync(TestBackend.Question(), headers: ("Host", "evil.example"))).Code);
        Assert.Equal("origin_refused", (await local.AskAsync(TestBackend.Question(), headers: ("Origin", "https://evil.example"))).Code);
        Assert.Equal("invalid_api_key", (await cloud.AskAsync(TestBackend.Question())).Code);
        Assert.Equal("invalid_api_key", (await cloud.AskAsync(TestBackend.Question(), key: "a-key-that-nobody-has-01")).Code);
        Assert.Equal("overloaded", (await cloud.AskAsync(TestBackend.Question(), key: TestBackend.AdaKey)).Code);
        Assert.Equal("rate_limited", (await cloud.AskAsync(TestBackend.Question(), key: TestBackend.AdaKey)).Code);
    }

    /// <summary>Takes every place there is, until it is disposed.</summary>
    private static Taken Full(TestBackend backend)
    {
        var gate = backend.Server.Services.GetRequiredService<AskGate>();
        var places = 0;
        while (gate.TryEnter())
            places++;
        return new Taken(gate, places);
    }

    private sealed class Taken(AskGate gate, int places) : IDisposable
    {
        public void Dispose()
        {
            for (var i = 0; i < places; i++)
                gate.Leave();
        }
    }
}
