using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Results;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing.Golden;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tests.Results;

/// <summary>The two forms of a result, each complete without the other (wire.md §12).</summary>
public sealed class ResultTextsTests
{
    private const string Folder = "tests/ConversationHub.Mcp.Tests/Results";

    private static readonly Attempt Refused =
        new(TargetName.Local, AttemptOutcome.Refused, null, TimeSpan.Zero, null, false, null);

    private static readonly Attempt CloudAnswered =
        new(TargetName.Cloud, AttemptOutcome.Answered, 200, TimeSpan.FromMilliseconds(431), null, false, null);

    [Fact]
    public void Render_FailedOver_EqualsTheSampleOfTheWireFormat()
    {
        var result = Render(FailedOver(Refused));
        var structured = result.StructuredContent!.Value.GetRawText();
        Assert.Equal(
            """{"answer":"Two rules were merged.","conversation_id":"conv_2026-01-05_ada_406e64f1","served_by":"cloud","mode":"advisor","source":"cloud","degraded":true,"may_have_run":false,"attempts":[{"target":"local","outcome":"refused","status":null,"ms":0,"code":null,"may_have_run":false},{"target":"cloud","outcome":"answered","status":200,"ms":431,"code":null,"may_have_run":false}],"elapsed_ms":432,"request_id":"7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","artifacts":[],"actions":[],"meta":{"latency_ms":390,"model":"recall","tokens":0,"cost_usd":0.0},"error":null}""",
            structured);
        Assert.Equal(
            "Two rules were merged.\n\n[answered by cloud in 432 ms; local refused the connection; conversation conv_2026-01-05_ada_406e64f1]",
            Text(result));
        Assert.False(result.IsError);
    }

    [Fact]
    public void Render_EveryOutcome_ReadsAsTheGoldenFile()
    {
        var text = new StringBuilder();
        foreach (var outcome in Enum.GetValues<AttemptOutcome>())
        {
            var attempt = new Attempt(
                TargetName.Local,
                outcome,
                outcome == AttemptOutcome.HttpStatus ? 503 : null,
                TimeSpan.FromMilliseconds(12),
                outcome == AttemptOutcome.HttpStatus ? "provider_busy" : null,
                outcome is AttemptOutcome.Reset or AttemptOutcome.Stalled,
                outcome == AttemptOutcome.Tls ? "The remote certificate is\u202e invalid" : null);
            text.Append(Mcp.Texts.OutcomeTexts.Full(attempt)).Append('\n');
        }

        GoldenFile.Assert($"{Folder}/outcomes.golden.txt", text.ToString());
    }

    [Fact]
    public void Render_EveryFailure_ReadsAsTheGoldenFile()
    {
        string[] codes =
        [
            RoutingErrorCode.AllTargetsFailed, RoutingErrorCode.NoTargetAllowed, RoutingErrorCode.DeadlineExceeded,
            ProblemCode.InvalidApiKey, ProblemCode.UserMismatch, ProblemCode.ConversationErased, ProblemCode.ConversationFull,
            ProblemCode.IdempotencyMismatch, ProblemCode.RateLimited, ProblemCode.InvalidRequest,
        ];
        var text = new StringBuilder();
        foreach (var code in codes)
        {
            var stalled = new Attempt(TargetName.Cloud, AttemptOutcome.Stalled, null, TimeSpan.FromMilliseconds(2_003), null, true, null);
            var failed = FakeRouter.Failed(
                new RoutingError(code, "The backend's words.", code == ProblemCode.RateLimited ? 17 : null),
                code == RoutingErrorCode.AllTargetsFailed ? [Refused, stalled] : [Refused]);
            var result = Render(failed);
            Assert.True(result.IsError);
            Assert.Equal(Text(result), result.StructuredContent!.Value.GetProperty("answer").GetString());
            text.Append(Text(result)).Append("\n\n");
        }

        var gaveUp = new Attempt(TargetName.Local, AttemptOutcome.HttpStatus, 504, TimeSpan.FromMilliseconds(900), ProblemCode.DeadlineExceeded, false, null);
        text.Append(Text(Render(FakeRouter.Failed(new RoutingError(RoutingErrorCode.AllTargetsFailed, "No backend answered.", null), [gaveUp, Refused])))).Append("\n\n");
        GoldenFile.Assert($"{Folder}/failures.golden.txt", text.ToString());
    }

    /// <summary>What stands below an answer, each kind of it once; a stale reply says so in both forms (issue 7).</summary>
    [Fact]
    public void Render_EveryProvenance_ReadsAsTheGoldenFile()
    {
        var stale = FakeRouter.Answered("x", "c1", """{"meta":{"stale":true}}""");
        RoutingResult[] results =
        [
            FakeRouter.Answered("x"),
            FakeRouter.Answered("x") with { Degraded = true },
            stale,
            FailedOver(Refused),
            FailedOver(Refused with { Outcome = AttemptOutcome.Stalled, Elapsed = TimeSpan.FromSeconds(2), MayHaveRun = true }) with { MayHaveRun = true },
        ];

        GoldenFile.Assert($"{Folder}/provenance.golden.txt", string.Join('\n', results.Select(result => Text(Render(result)).Split("\n\n")[^1])));
        Assert.True(Render(stale).StructuredContent!.Value.GetProperty("meta").GetProperty("stale").GetBoolean());
    }

    /// <summary>T75: structured results conform to the schema that clients were given.</summary>
    [Fact]
    public void Render_EveryKindOfResult_ConformsToTheOutputSchema()
    {
        var failed = FakeRouter.Failed(new RoutingError(RoutingErrorCode.AllTargetsFailed, "words", 3), Refused);
        RoutingResult[] results =
        [
            FailedOver(Refused),
            FakeRouter.Answered("x", "c1", """{"artifacts":[{"title":"t"}],"sources":[{"title":"s"}],"trace_id":"t","processing_time_ms":1}"""),
            failed,
            failed with { Error = failed.Error! with { RetryAfterSeconds = null } },
            AskReport.NotAsked(OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"), Contracts.RequestId.Parse("r"), "no", legacy: false).Result,
        ];
        foreach (var result in results)
        {
            Assert.Empty(SchemaCheck.Problems(JsonElement.Parse(Mcp.Texts.ToolSchemas.AskOutput), Render(result).StructuredContent!.Value));
            Assert.Empty(SchemaCheck.Problems(
                JsonElement.Parse(Mcp.Texts.ToolSchemas.LegacyAskOutput), Render(result, legacy: true).StructuredContent!.Value));
        }

        Assert.Empty(SchemaCheck.Problems(
            JsonElement.Parse(Mcp.Texts.ToolSchemas.HealthOutput), HealthRendering.Render(FakeHealthReader.Sample).StructuredContent!.Value));
    }

    [Fact]
    public void Schema_Outcomes_AreThoseOfTheRouter()
    {
        var listed = JsonElement.Parse(Mcp.Texts.ToolSchemas.AskOutput).GetProperty("properties").GetProperty("attempts")
            .GetProperty("items").GetProperty("properties").GetProperty("outcome").GetProperty("enum");
        Assert.Equal(Enum.GetValues<AttemptOutcome>().Select(AttemptOutcomes.ToWire), listed.EnumerateArray().Select(one => one.GetString()));
    }

    [Fact]
    public void Render_MayHaveRun_IsToldInBothForms()
    {
        var reset = Refused with { Outcome = AttemptOutcome.Reset, MayHaveRun = true };
        var result = Render(FailedOver(reset) with { MayHaveRun = true });
        Assert.Contains("local closed the connection before it replied and may have run the question too", Text(result), StringComparison.Ordinal);
        Assert.True(result.StructuredContent!.Value.GetProperty("may_have_run").GetBoolean());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("日")]
    [InlineData("😀")]
    [InlineData("\"")]
    [InlineData("\n")]
    public void Render_HugeAnswer_IsCutBetweenCharactersAndSaysSo(string unit)
    {
        var answer = string.Concat(Enumerable.Repeat(unit, 200_000));
        var result = Render(FakeRouter.Answered(answer, "c1"));
        var (text, structured) = (Text(result), result.StructuredContent!.Value);
        var shown = structured.GetProperty("answer").GetString()!;

        Assert.InRange(Encoding.UTF8.GetByteCount(text), OutputCap.MaxBytes - 1_000, OutputCap.MaxBytes);
        Assert.InRange(JsonBytes(structured), OutputCap.MaxBytes - 2_000, OutputCap.MaxBytes);
        foreach (var form in new[] { text, shown })
        {
            Assert.Contains("bytes are missing", form, StringComparison.Ordinal);
            Assert.Contains("GET /conversations/c1", form, StringComparison.Ordinal);
            Assert.DoesNotContain('\uFFFD', form);
            Assert.Equal(0, form.Count(char.IsHighSurrogate) - form.Count(char.IsLowSurrogate));
        }
    }

    [Fact]
    public void Render_CutAnswer_ReadsAsTheGoldenFile()
    {
        var text = Text(Render(FakeRouter.Answered(new string('x', 100_000), "c1")));
        GoldenFile.Assert($"{Folder}/cut.golden.txt", text.Replace(new string('x', 1_000), "", StringComparison.Ordinal));
    }

    [Fact]
    public void Render_AnswerAtTheBound_IsWhole()
    {
        var text = Text(Render(FakeRouter.Answered(new string('x', 79_000), "c1")));
        Assert.DoesNotContain("missing", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_HugeExtras_AreLeftOutAndThatIsTold()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"type":"note","id":"n"}""", 1_000));
        var result = Render(FakeRouter.Answered("short", "c1", $$"""{"artifacts":[{{many}}]}"""));
        var structured = result.StructuredContent!.Value;
        Assert.Equal(0, structured.GetProperty("artifacts").GetArrayLength());
        Assert.Contains("left out", structured.GetProperty("answer").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_TitlesWithControlCharacters_AreCleaned()
    {
        var result = Render(FakeRouter.Answered("x", "c1", """{"artifacts":[{"title":"safe\u202e\u0007 \u2066title"}]}"""));
        Assert.Equal("safe title", result.StructuredContent!.Value.GetProperty("artifacts")[0].GetProperty("title").GetString());
    }

    [Fact]
    public void Render_ConversationIdThatCannotBeUsedAgain_IsNotTakenOver()
    {
        var structured = Render(FakeRouter.Answered("x", "../../etc")).StructuredContent!.Value;
        Assert.Equal("conv_2026-01-05_ada_406e64f1", structured.GetProperty("conversation_id").GetString());
    }

    [Fact]
    public void Render_Health_ReadsAsTheGoldenFile()
    {
        var result = HealthRendering.Render(FakeHealthReader.Sample);
        GoldenFile.Assert($"{Folder}/health.golden.txt", $"{Text(result)}\n\n{result.StructuredContent!.Value.GetRawText()}");
    }

    private static RoutingResult FailedOver(Attempt first) => new()
    {
        Reply = new Reply(
            "Two rules were merged.",
            "conv_2026-01-05_ada_406e64f1",
            "advisor",
            "cloud",
            JsonElement.Parse("""{"artifacts":[],"actions":[],"meta":{"latency_ms":390,"model":"recall","tokens":0,"cost_usd":0.0}}""")),
        ServedBy = TargetName.Cloud,
        Degraded = true,
        Attempts = ImmutableArray.Create(first, CloudAnswered),
        Elapsed = TimeSpan.FromMilliseconds(432),
    };

    private static CallToolResult Render(RoutingResult result, bool legacy = false) => AskRendering.Render(new AskReport(
        OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"),
        Contracts.RequestId.Parse("7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11"),
        "conv_2026-01-05_ada_406e64f1",
        result,
        legacy));

    private static string Text(CallToolResult result) => ((TextContentBlock)Assert.Single(result.Content)).Text;

    private static int JsonBytes(JsonElement value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Mcp.Stdio.WireEncoding.Encoder }))
            value.WriteTo(writer);

        // The encoder writes what lies beyond the basic plane as two escapes of six bytes; clients see four.
        var escaped = Encoding.UTF8.GetString(buffer.WrittenSpan);
        return Encoding.UTF8.GetByteCount(System.Text.RegularExpressions.Regex.Replace(escaped, @"\\u[dD][89abAB]..\\u[dD][c-fC-F]..", "1234"));
    }
}
