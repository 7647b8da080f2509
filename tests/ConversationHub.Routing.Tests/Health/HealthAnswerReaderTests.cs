using System.Text;
using ConversationHub.Testing.Backends;

namespace ConversationHub.Routing.Tests.Health;

public sealed class HealthAnswerReaderTests
{
    [Fact]
    public void Read_HealthyMaestra_TellsVersionCapabilitiesAndDependencies()
    {
        var answer = Read(200, MaestraReplies.Health("local", 8825).ToJsonString());

        Assert.Equal((TargetStatus.Healthy, true, true, "2.0.0", true), (answer.Status, answer.IsAlive, answer.IsMaestra, answer.Version!, answer.RecognisesRepeats));
        Assert.Equal("healthy", answer.Dependencies["conversation_hub"]);
    }

    [Theory]
    [InlineData(200, """{"status":"degraded"}""", TargetStatus.Degraded, false)]
    [InlineData(503, """{"status":"unhealthy","brain_id":"maestra"}""", TargetStatus.Unhealthy, true)]
    [InlineData(503, "<html>busy</html>", TargetStatus.Unhealthy, false)]
    [InlineData(500, "", TargetStatus.Unhealthy, false)]
    [InlineData(200, """{"status":"ok"}""", TargetStatus.Impostor, false)]
    [InlineData(200, "hello", TargetStatus.Impostor, false)]
    [InlineData(404, """{"status":"healthy"}""", TargetStatus.Impostor, false)]
    public void Read_OtherReplies_AreNamedAndAlive(int status, string body, TargetStatus expected, bool isMaestra)
    {
        var answer = Read(status, body);

        Assert.Equal((expected, isMaestra, true), (answer.Status, answer.IsMaestra, answer.IsAlive));
        Assert.False(answer.RecognisesRepeats);
    }

    /// <summary>All of it goes into the result of a tool, and a client refuses one of megabytes.</summary>
    [Fact]
    public void Read_VeryLongNamesAndValues_AreLeftOutOrCut()
    {
        var endless = new string('x', 300_000);
        var answer = Read(200, $$$"""{"status":"healthy","brain_id":"maestra","version":"{{{endless}}}","capabilities":["stream","{{{endless}}}"],"dependencies":{"store":"{{{endless}}}","{{{endless}}}":"healthy"}}""");

        Assert.Equal((200, 200), (answer.Version!.Length, Assert.Single(answer.Dependencies).Value.Length));
        Assert.Equal("stream", Assert.Single(answer.Capabilities!.Value));
    }

    private static HealthAnswer Read(int status, string body) => HealthAnswerReader.Read(status, Encoding.UTF8.GetBytes(body));
}
