using System.Text;
using ConversationHub.Testing.Backends;

namespace ConversationHub.Routing.Tests.Http;

public sealed class ResponseReaderTests
{
    private static readonly string Envelope = MaestraReplies.Envelope("Two rules.", "main").ToJsonString();

    [Fact]
    public void Read_Envelope_IsAnswered()
    {
        var result = Read(200, Envelope);

        Assert.Equal(AttemptOutcome.Answered, result.Outcome);
        Assert.Equal(("Two rules.", "main", "advisor", "local"), (result.Reply!.Answer, result.Reply.ConversationId, result.Reply.Mode, result.Reply.Source));
    }

    [Theory]
    [InlineData("""{"reply":"a","mode":"error","conversation_id":"c"}""", AttemptOutcome.ErrorMode)]
    [InlineData("""{"reply":"a","conversation_id":"c"}""", AttemptOutcome.Impostor)]
    [InlineData("""{"reply":1,"mode":"advisor","conversation_id":"c"}""", AttemptOutcome.Impostor)]
    [InlineData("""{"status":"ok"}""", AttemptOutcome.Impostor)]
    [InlineData("""[1]""", AttemptOutcome.Malformed)]
    [InlineData("""{"reply":"a","mode":""", AttemptOutcome.Malformed)]
    [InlineData("""{"reply":"a","reply":"b","mode":"advisor","conversation_id":"c"}""", AttemptOutcome.Malformed)]
    [InlineData("""{"reply":"\ud800","mode":"advisor","conversation_id":"c"}""", AttemptOutcome.Malformed)]
    [InlineData("""{"\ud800":1,"reply":"a","mode":"advisor","conversation_id":"c"}""", AttemptOutcome.Malformed)]
    [InlineData("", AttemptOutcome.Malformed)]
    public void Read_200ThatIsNoEnvelope_IsNamed(string body, AttemptOutcome expected) =>
        Assert.Equal(expected, Read(200, body).Outcome);

    [Fact]
    public void Read_200OfAnotherMediaType_IsAnImpostor() =>
        Assert.Equal(AttemptOutcome.Impostor, ResponseReader.Read(200, isJson: false, "<html>"u8.ToArray(), AskEndpoint.Core, null).Outcome);

    [Fact]
    public void Read_InvalidUtf8_IsMalformed() =>
        Assert.Equal(AttemptOutcome.Malformed, ResponseReader.Read(200, isJson: true, new byte[] { (byte)'{', 0xFF, (byte)'}' }, AskEndpoint.Core, null).Outcome);

    [Fact]
    public void Read_DepthBeyondTheLimit_IsMalformed() =>
        Assert.Equal(AttemptOutcome.Malformed, Read(200, "{\"a\":" + new string('[', 100) + new string(']', 100) + "}").Outcome);

    [Fact]
    public void Read_LegacyAnswer_NeedsAnswerAndSession()
    {
        var answered = Read(200, """{"answer":"a","session_id":"s"}""", AskEndpoint.Legacy);

        Assert.Equal(AttemptOutcome.Answered, answered.Outcome);
        Assert.Equal(("a", "s"), (answered.Reply!.Answer, answered.Reply.ConversationId));
        Assert.Equal(AttemptOutcome.Impostor, Read(200, Envelope, AskEndpoint.Legacy).Outcome);
    }

    /// <summary>It goes into the result as it is, and a client refuses a result of megabytes.</summary>
    [Theory]
    [InlineData("cost_limit_exceeded", true)]
    [InlineData("Not a code", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Read_ProblemWithACode_TakesOnlyACode(string? code, bool isTaken)
    {
        var result = Read(503, $$"""{"detail":"no","code":"{{code ?? new string('x', 3_000_000)}}"}""");

        Assert.Equal((isTaken ? code : null, "no"), (result.Code, result.Detail));
    }

    [Fact]
    public void Read_ValidationProblem_IsToldInOneLine()
    {
        var result = Read(422, """{"detail":[{"type":"missing","loc":["body","user_id"],"msg":"Field required"},{"loc":["body"],"msg":"bad"}],"code":"invalid_request"}""");

        Assert.Equal("body.user_id: Field required; body: bad", result.Detail);
        Assert.Equal(("invalid_request", true), (result.Code!, result.IsProblem));
    }

    [Theory]
    [InlineData(404, "<html>", AttemptOutcome.Impostor)]
    [InlineData(405, "{}", AttemptOutcome.Impostor)]
    [InlineData(404, """{"detail":"Not Found"}""", AttemptOutcome.HttpStatus)]
    [InlineData(204, "", AttemptOutcome.Impostor)]
    [InlineData(500, "<html>", AttemptOutcome.HttpStatus)]
    public void Read_StatusOfAnotherService_IsAnImpostor(int status, string body, AttemptOutcome expected) =>
        Assert.Equal(expected, Read(status, body).Outcome);

    [Fact]
    public void Read_LongDetail_IsCutOnACharacterBoundary()
    {
        var result = Read(400, "{\"detail\":\"" + new string('a', 499) + "😀tail\"}");

        Assert.Equal(new string('a', 499) + "…", result.Detail);
    }

    /// <summary>Any bytes give an outcome, none an exception.</summary>
    [Fact]
    public void Read_RandomDamage_NeverThrows()
    {
        const int Seed = 8825;
        var random = new Random(Seed);
        var whole = Encoding.UTF8.GetBytes(Envelope.Replace("Two", "\\ud83d\\ude00", StringComparison.Ordinal));
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = whole.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var status = random.Next(3) == 0 ? random.Next(200, 600) : 200;
            var body = bytes.AsMemory(0, random.Next(bytes.Length + 1));

            ResponseReader.Read(status, isJson: true, body, AskEndpoint.Core, null);
            HealthAnswerReader.Read(status, body);
        }
    }

    private static AttemptResult Read(int status, string body, AskEndpoint endpoint = AskEndpoint.Core) =>
        ResponseReader.Read(status, isJson: true, Encoding.UTF8.GetBytes(body), endpoint, null);
}
