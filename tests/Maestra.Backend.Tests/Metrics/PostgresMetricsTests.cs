using System.Text;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Metrics;

/// <summary>What the store measures where PostgreSQL holds the conversations: in a process of its own, since its meter is one for all stores of a process.</summary>
public sealed class PostgresMetricsTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };

    public void Dispose()
    {
        _client.Dispose();
        _home.Dispose();
    }

    [ContractFact]
    public async Task Text_AfterAnAsk_CountsTheCommitsOfQuestionAndReply_T51()
    {
        await using var backend = await BackendProcess.StartAsync(
            "cloud", _home.Path, settings: [(SettingNames.DatabaseUrl, await server.CreateDatabaseAsync()), (SettingNames.ApiKey, TestBackend.Key)]);
        _client.DefaultRequestHeaders.Add("X-API-Key", TestBackend.Key);
        using var body = new StringContent(TestBackend.Question(), Encoding.UTF8, "application/json");
        using var reply = await _client.PostAsync(new Uri(backend.Url, "/api/maestra/core"), body);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());

        var text = await _client.GetStringAsync(new Uri(backend.Url, "/metrics/prometheus"));

        Assert.Contains("\n# TYPE maestra_store_commit_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Contains("\nmaestra_store_commit_seconds_count 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\nmaestra_store_commit_seconds_bucket{le=\"0.0001\"} ", text, StringComparison.Ordinal);
    }
}
