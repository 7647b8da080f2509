using System.Globalization;
using System.Text.Json;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.Load;

/// <summary>
/// Whether the backend's memory stands still where nothing that it stores grows: the same questions again, by their ids, and reads, at a
/// given rate. What <see cref="LoadBenchmark"/> sees growing is the place of each message in the index; what grows here would be a leak.
/// </summary>
internal static class FlatLoadBenchmark
{
    private const int Connections = 64;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(string backend, int minutes, double perSecond, TextWriter report)
    {
        using var folder = new TemporaryFolder();
        var port = FreePort.Find();
        using var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{port}/health/ready"), backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string> { ["HOME"] = folder.Path, ["TEST_MODE"] = "true", ["LOG_LEVEL"] = "ERROR" });
        var mix = new RepeatedMix();
        var asked = new Tally();
        using (var connection = HttpConnection.Open(port))
        {
            foreach (var question in mix.Questions)
                asked.Add(connection.Send(question), TimeSpan.Zero);
        }

        var before = Stored(port);
        await report.WriteLineAsync(Text(
            $"{asked.AnsweredCount} questions stored ({asked.Failed} failed), {before} messages; resident {service.ResidentMegabytes:0.0} MB. From here on the same questions and reads, {perSecond:0} a second due over {Connections} connections.\n"));
        await report.WriteLineAsync("| minute | answered | refused (503) | failed | not sent | resident |\n|---|---|---|---|---|---|");
        for (var minute = 1; minute <= minutes; minute++)
        {
            var tally = new Tally();
            await LoadGenerator.OpenAsync(port, Connections, perSecond, Minute, mix.Next, tally, fromDue: true);
            await report.WriteLineAsync(Text(
                $"| {minute} | {tally.AnsweredCount} | {tally.RefusedCount} | {tally.Failed} {tally.FirstFailure} | {tally.Unsent} | {service.ResidentMegabytes:0.0} MB |"));
        }

        await report.WriteLineAsync(Text($"\nMessages stored at the end: {Stored(port)}; most resident ever {service.PeakMegabytes:0.0} MB."));
    }

    /// <summary>How many messages all conversations hold, as the list tells.</summary>
    private static int Stored(int port)
    {
        // A connection of its own: one that was idle for minutes has been closed.
        using var connection = HttpConnection.Open(port);
        var (messages, cursor) = (0, "");
        do
        {
            var answer = connection.Send(HttpConnection.Get("/conversations?limit=100" + cursor));
            using var page = JsonDocument.Parse(answer.Body);
            messages += page.RootElement.GetProperty("conversations").EnumerateArray().Sum(static one => one.GetProperty("message_count").GetInt32());
            cursor = page.RootElement.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String
                ? "&cursor=" + Uri.EscapeDataString(next.GetString()!)
                : "";
        }
        while (cursor.Length > 0);
        return messages;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
