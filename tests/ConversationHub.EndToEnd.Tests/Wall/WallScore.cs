using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Scores a report: the row's own expectation, and what holds in every row whatever happened.</summary>
internal static class WallScore
{
    /// <summary>What an answer may come later than its budget, beyond what the machine was late with everything else.</summary>
    private static readonly TimeSpan Lateness = TimeSpan.FromMilliseconds(50);

    public static void Check(Scenario scenario, WallReport report)
    {
        var told = report.Result.Structured();
        Assert.Equal(
            $"{scenario.Attempts} | asks {scenario.Asks} | {scenario.Error ?? "answered"}",
            $"{Attempts(told)} | asks {(WallReport.Asks(report.Local).Count, WallReport.Asks(report.Cloud).Count)} | {Error(told) ?? "answered"}");
        CheckTime(TimeSpan.FromSeconds(scenario.TimeoutSeconds), report.Took, report.HeldUp);
        CheckTime(TimeSpan.FromSeconds(scenario.TimeoutSeconds), TimeSpan.FromMilliseconds(told["elapsed_ms"]!.GetValue<int>()), report.HeldUp);
        CheckResult(scenario, report.Result);
        CheckText(scenario, report.Result);
        CheckBackends(scenario, report, told);
        CheckSecrets(report);
    }

    /// <summary>Each attempt in the notation of <see cref="Scenario.Attempts"/>.</summary>
    public static string Attempts(JsonObject told) => string.Join("; ", told["attempts"]!.AsArray().Select(attempt => Attempt(attempt!.AsObject())));

    /// <summary>When the budget of a call is over, a timestamp as the one of its beginning.</summary>
    public static long DueAt(long began, int budgetSeconds) => began + (budgetSeconds * Stopwatch.Frequency);

    /// <summary>Never late: within the budget, 50 ms, and what a control was late since the budget was over.</summary>
    public static void CheckTime(TimeSpan budget, TimeSpan took, TimeSpan heldUp) => Assert.True(
        took <= budget + Lateness + heldUp,
        $"late: {took.TotalMilliseconds:0} ms of {budget.TotalMilliseconds:0}, while others were held up for {heldUp.TotalMilliseconds:0} ms");

    private static string Attempt(JsonObject attempt)
    {
        var outcome = attempt.String("outcome");
        var text = $"{attempt.String("target")} {outcome}";
        if (outcome != "answered" && attempt["status"] is { } status)
            text += $" {status.GetValue<int>().ToString(CultureInfo.InvariantCulture)}";
        if (attempt.String("code") is { } code)
            text += $" {code}";
        return attempt.Bool("may_have_run") ? $"{text}?" : text;
    }

    private static string? Error(JsonObject told) => told["error"]?.AsObject().String("code");

    private static void CheckResult(Scenario scenario, JsonObject result)
    {
        var told = result.Structured();
        var attempts = told["attempts"]!.AsArray();
        var answered = attempts.Where(attempt => attempt!["outcome"]!.GetValue<string>() == "answered").ToList();
        Assert.Equal(scenario.Error is not null, result.IsError());
        Assert.Equal(answered.SingleOrDefault()?["target"]!.GetValue<string>(), told.String("served_by"));
        Assert.Equal(answered.Count == 0, told["error"] is not null);
        Assert.Equal(attempts.Any(attempt => attempt!["may_have_run"]!.GetValue<bool>()), told.Bool("may_have_run"));
        Assert.All(attempts, attempt => Assert.InRange(attempt!["ms"]!.GetValue<int>(), 0, told["elapsed_ms"]!.GetValue<int>() + 1));
    }

    /// <summary>Complete without the structured part: some clients show a model nothing else.</summary>
    private static void CheckText(Scenario scenario, JsonObject result)
    {
        var (told, text) = (result.Structured(), result.Text());
        Assert.Contains(told.String("conversation_id")!, text, StringComparison.Ordinal);
        foreach (var (target, outcome, mayHaveRun) in told.Attempts().Where(attempt => attempt.Outcome != "answered"))
            Assert.Matches($"{target} (?!answered by).+{(mayHaveRun ? ".*may have run" : "")}", text);
        if (told.String("served_by") is { } servedBy)
        {
            Assert.Contains($"[answered by {servedBy} in ", text, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains($"`{Error(told)}`", text, StringComparison.Ordinal);
            Assert.Contains("\nNext: ", text, StringComparison.Ordinal);
            Assert.Contains(told.Bool("may_have_run") ? "may have run all the same" : "did not run anywhere", text, StringComparison.Ordinal);
        }

        if (scenario.Says is { } says)
            Assert.Contains(says, text, StringComparison.Ordinal);
    }

    /// <summary>One operation, the same bytes to whoever was asked, nothing but asks and probes, a key for the cloud alone.</summary>
    private static void CheckBackends(Scenario scenario, WallReport report, JsonObject told)
    {
        IReadOnlyList<RecordedRequest> asks = [.. WallReport.Asks(report.Local), .. WallReport.Asks(report.Cloud)];
        Assert.All(asks, ask =>
        {
            Assert.Equal("POST", ask.Method);
            Assert.Equal(scenario.Tool == "maestra_ask" ? "/api/maestra/core" : "/api/maestra/advisor/ask", ask.Path);
            Assert.Equal(told.String("operation_id"), ask.OperationId);
            Assert.Equal(told.String("request_id"), ask.Header("X-Request-ID"));
            Assert.InRange(int.Parse(ask.DeadlineMs!, CultureInfo.InvariantCulture), 1, scenario.TimeoutSeconds * 1_000);
            Assert.Equal(asks[0].Text, ask.Text);
        });
        Assert.All(report.Local, request => Assert.DoesNotContain(request.Headers, header => header.Value.Contains(WallRig.Key, StringComparison.Ordinal)));
        Assert.All(report.Cloud, request => Assert.Equal(WallRig.Key, request.ApiKey));
    }

    private static void CheckSecrets(WallReport report)
    {
        Assert.Empty(report.StrayLines);
        Assert.DoesNotContain(WallRig.Key, report.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(WallRig.Key, report.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(WallRig.Message, report.Log, StringComparison.Ordinal);
    }
}
