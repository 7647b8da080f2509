using System.Net;
using ConversationHub.Testing.Postgres;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Conversations;

/// <summary>A database that dies under a running backend. Needs a server of its own, to be killed.</summary>
public sealed class PostgresOutageRoutesTests
{
    [PostgresFact]
    public async Task AnyRoute_DatabaseKilled_Is503WithRetryAfterAndWorksAgainWithoutARestart()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        await using var backend = await TestBackend.StartCloudOverStoreAsync((SettingNames.DatabaseUrl, cluster.Url("postgres")));
        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question("q", "main"), key: TestBackend.AdaKey)).Status);
        await cluster.KillAsync();

        foreach (var refused in new[]
        {
            await backend.AskAsync(TestBackend.Question("q", "main"), key: TestBackend.AdaKey),
            await backend.GetAsync("/conversations", TestBackend.AdaKey),
            await backend.GetAsync("/conversations/main", TestBackend.AdaKey),
            await backend.GetAsync("/conversations/main/export", TestBackend.AdaKey),
            await backend.GetAsync("/conversations/search?q=q", TestBackend.AdaKey),
            await backend.GetAsync("/users/ada/export", TestBackend.AdaKey),
            await backend.PatchAsync("/conversations/main", """{"title":"t"}""", TestBackend.AdaKey),
            await backend.DeleteAsync("/conversations/main", TestBackend.AdaKey),
            await backend.DeleteAsync("/users/ada", TestBackend.AdaKey),
        })
        {
            Assert.True((refused.Status, refused.Code) == (HttpStatusCode.ServiceUnavailable, "store_unavailable"), refused.Text);
            Assert.InRange(int.Parse(refused.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        }

        var health = await backend.GetAsync("/health", TestBackend.Key);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unhealthy", "postgres"),
            (health.Status, (string?)health.Json["status"], (string?)health.Json["store"]!["kind"]));
        await cluster.StartServerAsync();
        var again = await backend.GetAsync("/conversations/main", TestBackend.AdaKey);

        Assert.True(again.Status == HttpStatusCode.OK, again.Text);
        Assert.Equal(2, (int)again.Json["meta"]!["message_count"]!);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health")).Status);
    }
}
