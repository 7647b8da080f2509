using System.Globalization;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// The same list as <see cref="StartMethods"/> for a backend, for <c>src/Maestra.Backend/start-methods.txt</c>: of its first start, its first
/// requests, and a start from a snapshot. The backend must be published without such a list.
/// </summary>
internal static class BackendStartMethods
{
    private const string Question = """{"user_id":"ada","surface_id":"bench","conversation_id":"first","message":"What changed in the parser?"}""";

    public static async Task RunAsync(string backend, string list)
    {
        using var folder = new TemporaryFolder();
        var names = new List<string> { StartMethods.Heading };
        await RecordAsync(backend, folder.Path, names, static connection =>
        {
            // The second one meets a conversation that is there.
            for (var turn = 0; turn < 2; turn++)
                Expect(connection.Send(HttpConnection.Post("/api/maestra/core", Question)));
            foreach (var target in new[] { "/health", "/conversations", "/conversations/first", "/conversations/first?limit=1", "/conversations/search?q=parser" })
                Expect(connection.Send(HttpConnection.Get(target)));
        });
        await RecordAsync(backend, folder.Path, names, static connection => Expect(connection.Send(HttpConnection.Get("/conversations/first"))));
        await File.WriteAllLinesAsync(list, names.Distinct());
    }

    private static async Task RecordAsync(string backend, string folder, List<string> names, Action<HttpConnection> talk)
    {
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = folder,
            ["CONVERSATION_HUB_ROOT"] = Path.Combine(folder, "conversations"),
            ["TEST_MODE"] = "true",
        };
        var record = StartMethods.Record(environment, folder);
        var port = FreePort.Find();
        using (var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{port}/health/ready"), backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)], environment))
        {
            using (var connection = HttpConnection.Open(port))
                talk(connection);
            await service.StopAsync();
        }

        names.AddRange(StartMethods.NamesIn(record));
    }

    private static void Expect(HttpAnswer answer)
    {
        if (answer.Status != 200)
            throw new InvalidOperationException($"Answered {answer.Status}.");
    }
}
