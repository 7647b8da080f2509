using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Backend;

/// <summary>Two real replicas on one real database (wire.md §8).</summary>
public sealed class SharedRateLimitTests
{
    private const string Key = "a-key-of-all-users-0001";
    private const int Limit = 20;

    [PostgresFact]
    public async Task TwoReplicas_ShareOneCount_AndCountOnAloneWhenTheDatabaseDies_T12()
    {
        using var firstHome = new TemporaryFolder();
        using var secondHome = new TemporaryFolder();
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        await using var cluster = await PostgresCluster.StartAsync();
        (string, string)[] settings =
        [
            ("MAESTRA_API_KEY", Key), ("DATABASE_URL", cluster.Url("postgres")),
            ("MAESTRA_RATE_LIMIT_REQUESTS", $"{Limit}"), ("MAESTRA_RATE_LIMIT_WINDOW", "86400"),
        ];
        await using var first = await BackendProcess.StartAsync("cloud", firstHome.Path, settings: settings);
        await using var second = await BackendProcess.StartAsync("cloud", secondHome.Path, settings: settings);

        // All at once, at both.
        var statuses = await Task.WhenAll(Enumerable.Range(0, 2 * Limit).Select(number => AskAsync(client, number % 2 == 0 ? first : second, Key)));

        Assert.Equal(Limit, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(Limit, statuses.Count(status => status == HttpStatusCode.TooManyRequests));

        await cluster.KillAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, first, Key));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, second, Key));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, second, Key + "x"));
    }

    /// <summary>A path that asks nothing of the store, so that its answer says what the limiter said.</summary>
    private static async Task<HttpStatusCode> AskAsync(HttpClient client, BackendProcess backend, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(backend.Url, "/tgif/health"));
        request.Headers.Add("X-API-Key", key);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
