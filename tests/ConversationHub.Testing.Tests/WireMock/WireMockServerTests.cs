using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.Testing.Tests.WireMock;

public sealed class WireMockServerTests(WireMockServer server) : IClassFixture<WireMockServer>
{
    [WireMockFact]
    public async Task StubAsync_ThenACall_AnswersAndRemembers()
    {
        await server.ResetAsync();
        await server.StubAsync("POST", "/core", 429, new JsonObject { ["code"] = "rate_limited" }, ("Retry-After", "7"));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, "/core?x=1")) { Content = new StringContent("""{"message":"hé"}""") };
        request.Headers.Add("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293");

        using var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("7", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("""{"code":"rate_limited"}""", await response.Content.ReadAsStringAsync());
        var seen = Assert.Single(await server.RequestsAsync());
        Assert.Equal(("POST", "/core?x=1", "hé"), (seen.Method, seen.Url, seen.Json["message"]!.GetValue<string>()));
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", seen.Headers["idempotency-key"]);
    }

    [WireMockFact]
    public async Task StubFaultAsync_ThenACall_BreaksTheConnection()
    {
        await server.ResetAsync();
        await server.StubFaultAsync("GET", "/health", "CONNECTION_RESET_BY_PEER");
        using var client = new HttpClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(server.Url, "/health")));
    }
}
