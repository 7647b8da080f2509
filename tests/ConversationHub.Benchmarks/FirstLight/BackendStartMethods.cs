using System.Globalization;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// The same list as <see cref="StartMethods"/> for a backend, for <c>src/Maestra.Backend/start-methods.txt</c>: of its first start, its first
/// requests, and a start from a snapshot. The backend must be published without such a list.
/// </summary>
internal static class BackendStartMethods
{
    private const string Question = """{"user_id":"ada","surface_id":"bench","conversation_id":"first","message":"What changed in the parser?"}""";

    public static Task RunAsync(string backend, string list) => StartMethods.WriteAsync(list, async (folder, recording) =>
    {
        await TalkAsync(backend, folder, recording, static connection =>
        {
            // The second one meets a conversation that is there.
            for (var turn = 0; turn < 2; turn++)
                Expect(connection.Send(HttpConnection.Post("/api/maestra/core", Question)));
            foreach (var target in new[] { "/health", "/conversations", "/conversations/first", "/conversations/first?limit=1", "/conversations/search?q=parser" })
                Expect(connection.Send(HttpConnection.Get(target)));
        });
        await TalkAsync(backend, folder, recording, static connection => Expect(connection.Send(HttpConnection.Get("/conversations/first"))));
    });

    private static async Task TalkAsync(string backend, string folder, Dictionary<string, string> recording, Action<HttpConnection> talk)
    {
        var environment = new Dictionary<string, string>(recording)
        {
            ["HOME"] = folder,
            ["CONVERSATION_HUB_ROOT"] = Path.Combine(folder, "conversations"),
            ["TEST_MODE"] = "true",
        };
        var port = FreePort.Find();
        using var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{port}/health/ready"), backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)], environment);
        using (var connection = HttpConnection.Open(port))
            talk(connection);
        await service.StopAsync();
    }

    private static void Expect(HttpAnswer answer)
    {
        if (answer.Status != 200)
            throw new InvalidOperationException($"Answered {answer.Status}.");
    }
}
