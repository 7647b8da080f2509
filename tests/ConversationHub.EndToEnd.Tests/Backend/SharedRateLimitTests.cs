using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Backend;

/// <summary>Two real replicas on one real database (wire.md §8).</summary>
public sealed class SharedRateLimitTests
{
    private const int Limit = 20;

    /// <summary>A replica that has no count within a second counts alone: on a busy machine a burst may meet that, says so, and is tried with another key.</summary>
    private const int Tries = 5;

    private const string CountsAlone = "counted by this replica alone";

    [PostgresFact]
    public async Task TwoReplicas_ShareOneCount_AndCountOnAloneWhenTheDatabaseDies_T12()
    {
        using var firstHome = new TemporaryFolder();
        using var secondHome = new TemporaryFolder();
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        await using var cluster = await PostgresCluster.StartAsync();
        var keys = Enumerable.Range(0, Tries).Select(number => $"a-key-of-user-number-{number:0000}").ToArray();
        (string, string)[] settings =
        [
            ("MAESTRA_API_KEYS", string.Join(',', keys.Select((key, number) => $"user{number}:{key}"))), ("DATABASE_URL", cluster.Url("postgres")),
            ("MAESTRA_RATE_LIMIT_REQUESTS", $"{Limit}"), ("MAESTRA_RATE_LIMIT_WINDOW", "86400"),
        ];
        await using var first = await BackendProcess.StartAsync("cloud", firstHome.Path, settings: settings);
        await using var second = await BackendProcess.StartAsync("cloud", secondHome.Path, settings: settings);

        var key = await SpentTogetherAsync(client, first, second, keys);

        await cluster.KillAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, first, key));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, second, key));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, second, key + "x"));
    }

    /// <summary>All at once, at both.</summary>
    /// <returns>The key whose window both replicas have spent together.</returns>
    private static async Task<string> SpentTogetherAsync(HttpClient client, BackendProcess first, BackendProcess second, string[] keys)
    {
        foreach (var key in keys)
        {
            var statuses = await Task.WhenAll(Enumerable.Range(0, 2 * Limit).Select(number => AskAsync(client, number % 2 == 0 ? first : second, key)));
            var admitted = statuses.Count(status => status == HttpStatusCode.OK);

            Assert.Equal(2 * Limit, admitted + statuses.Count(status => status == HttpStatusCode.TooManyRequests));
            if (admitted == Limit)
                return key;
            await await Task.WhenAny(SaysItCountsAloneAsync(first), SaysItCountsAloneAsync(second));
        }

        Assert.Fail($"In {Tries} bursts the replicas never shared the count.");
        return "";
    }

    private static Task<string> SaysItCountsAloneAsync(BackendProcess backend) =>
        backend.Program.Error.FirstAsync(line => line.Contains(CountsAlone, StringComparison.Ordinal));

    /// <summary>A path that asks nothing of the store, so that its answer says what the limiter said.</summary>
    private static async Task<HttpStatusCode> AskAsync(HttpClient client, BackendProcess backend, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(backend.Url, "/tgif/health"));
        request.Headers.Add("X-API-Key", key);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
