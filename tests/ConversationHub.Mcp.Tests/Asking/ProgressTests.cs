using System.Text.Json.Nodes;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;

namespace ConversationHub.Mcp.Tests.Asking;

public sealed class ProgressTests
{
    [Fact]
    public async Task Call_WithAToken_TellsAtOnceThenEverySecondAndNothingAfterTheResult()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        var answer = new TaskCompletionSource<RoutingResult>();
        rig.Router.OnAsk = (question, _) =>
        {
            question.Progress!.Report(new RoutingProgress(TargetName.Local, null));
            return answer.Task;
        };
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", """{"progressToken":"p"}""");
        await Progress(rig, message => message.Contains("local is thinking, 0 s", StringComparison.Ordinal));
        for (var second = 1; second <= 3; second++)
        {
            // Not a second: a timer that fires late must keep to it.
            await clock.WaitForTimersAsync();
            clock.Advance(TimeSpan.FromMilliseconds(950));
            await Progress(rig, message => message.Contains($"local is thinking, {second} s", StringComparison.Ordinal));
        }

        (await rig.Router.Asked.ItemAsync(1)).Progress!.Report(new RoutingProgress(
            TargetName.Cloud,
            new Attempt(TargetName.Local, AttemptOutcome.Stalled, null, TimeSpan.FromSeconds(3), null, true, null)));
        await Progress(rig, message => message.Contains("local stopped showing signs of life; cloud is thinking", StringComparison.Ordinal));
        answer.SetResult(FakeRouter.Answered("done"));
        await rig.AnswerAsync(1);
        clock.Advance(TimeSpan.FromSeconds(10));
        await rig.SettleAsync();

        var lines = rig.Lines.Snapshot();
        var values = Notifications(lines).Select(line => (double)line["params"]!["progress"]!).ToList();
        Assert.Equal(values.Order().Distinct(), values);
        Assert.All(Notifications(lines), line => Assert.Equal("p", (string)line["params"]!["progressToken"]!));
        var result = lines.ToList().FindIndex(line => line.Contains("\"id\":1,", StringComparison.Ordinal) || line.Contains("\"id\":1}", StringComparison.Ordinal));
        Assert.DoesNotContain(lines.Skip(result), line => line.Contains("notifications/progress", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Report_PiecesOfAStreamedReply_AreToldWithTheNextSecondOnly()
    {
        var clock = new ManualTimeProvider();
        var sent = new Journal<string>();
        await using var progress = new ProgressReporter(
            (value, _) =>
            {
                sent.Add(value.Message!);
                return Task.CompletedTask;
            },
            clock,
            CancellationToken.None);
        progress.Report(new RoutingProgress(TargetName.Local, null));
        await sent.FirstAsync(message => message == "local is thinking, 0 s");
        var before = sent.Snapshot().Count;
        await clock.WaitForTimersAsync();
        for (var piece = 0; piece < 500; piece++)
            progress.Report(new RoutingProgress(TargetName.Local, null, $"word {piece}\n"));
        clock.Advance(TimeSpan.FromMilliseconds(ProgressReporter.IntervalMilliseconds));
        var message = await sent.FirstAsync(message => message.StartsWith("local is answering, 1 s: …", StringComparison.Ordinal));

        Assert.Equal(before + 1, sent.Snapshot().Count);
        Assert.EndsWith("word 498 word 499", message, StringComparison.Ordinal);
        Assert.True(message.Length < 120, message);
    }

    [Fact]
    public async Task Report_TextAfterATargetWasGivenUp_StillTellsOfThatTarget()
    {
        var clock = new ManualTimeProvider();
        var sent = new Journal<string>();
        await using var progress = new ProgressReporter(
            (value, _) =>
            {
                sent.Add(value.Message!);
                return Task.CompletedTask;
            },
            clock,
            CancellationToken.None);
        progress.Report(new RoutingProgress(
            TargetName.Cloud,
            new Attempt(TargetName.Local, AttemptOutcome.Stalled, null, TimeSpan.FromSeconds(3), null, true, null)));
        await sent.FirstAsync(message => message.Contains("cloud is thinking", StringComparison.Ordinal));
        await clock.WaitForTimersAsync();
        progress.Report(new RoutingProgress(TargetName.Cloud, null, "Two rules"));
        clock.Advance(TimeSpan.FromMilliseconds(ProgressReporter.IntervalMilliseconds));

        await sent.FirstAsync(message => message == "local stopped showing signs of life; cloud is answering, 1 s: Two rules");
    }

    [Fact]
    public void Append_ACutInsideAPair_KeepsWholeCharacters()
    {
        var text = StreamedText.Append(null, TargetName.Local, string.Concat(Enumerable.Repeat("😀", 41)) + "x");
        Assert.True(text.IsCut);
        Assert.Equal(string.Concat(Enumerable.Repeat("😀", 39)) + "x", text.End);
    }

    [Fact]
    public void Append_APieceOfAnotherTarget_BeginsAnew()
    {
        var local = StreamedText.Append(null, TargetName.Local, "from local");
        Assert.Equal(new StreamedText(TargetName.Cloud, "from cloud", false), StreamedText.Append(local, TargetName.Cloud, "from cloud"));
    }

    [Fact]
    public async Task Call_WithoutAToken_SendsNoProgress()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.AnswerAsync(1);
        Assert.Empty(Notifications(rig.Lines.Snapshot()));
    }

    private static Task<string> Progress(HubRig rig, Predicate<string> fits) =>
        rig.Lines.FirstAsync(line => line.Contains("notifications/progress", StringComparison.Ordinal) && fits(line));

    private static IEnumerable<JsonNode> Notifications(IEnumerable<string> lines) =>
        lines.Select(line => JsonNode.Parse(line)!).Where(line => (string?)line["method"] == "notifications/progress");
}
