using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Asks;

public sealed class LegacyAskTests
{
    private const string Body =
        """{"user_id":"ada","session_id":"parser-notes","question":"What changed in the parser?","mode":"quick","context_hints":["C#"],"client_context":{"summary":"s"}}""";

    [Theory]
    [InlineData(Routes.Advisor)]
    [InlineData(Routes.AdvisorAlias)]
    public async Task Ask_Answered_HasEveryField_T4_T19(string path)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(Body, path, headers: [("X-Request-ID", "r-1"), ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")]);

        Assert.Equal(
            """{"answer":"Scripted.","session_id":"parser-notes","job_id":null,"sources":[],"trace_id":"parser-notes","mode":"quick","processing_time_ms":0,"schema_version":"1","conversation_id":"parser-notes","turns":null,"agent":{"id":"maestra","display_name":"Maestra"},"system_mode":"full","authority":"system","mcp_metadata":null,"""
            + "\"meta\":" + """{"latency_ms":0,"model":"scripted","tokens":3,"cost_usd":0.5,"request_id":"r-1","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","provider":"test","replayed":false}}""",
            reply.Text);
        var prompt = Assert.Single(backend.Advisor.Prompts);
        Assert.Equal(["C#"], prompt.Hints);
        Assert.Equal("""{"summary":"s"}""", prompt.ClientContext?.GetRawText());
    }

    [Theory]
    [InlineData(Routes.Advisor)]
    [InlineData("/tgif/ask")]
    public async Task Ask_InCloudModeWithAKey_Is200_T58(string path)
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var reply = await backend.AskAsync("""{"user_id":"ada","session_id":"new-one","message":"Hello?"}""", path, TestBackend.AdaKey);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        if (path == Routes.Advisor)
            Assert.Equal(("new-one", "new-one"), ((string?)reply.Json["session_id"], (string?)reply.Json["trace_id"]));
    }

    [Fact]
    public async Task Ask_NamesNothingButAQuestion_UsesTheDefaults()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync("""{"question":"Hello?"}""", Routes.Advisor);

        Assert.Equal(("default", "quick"), ((string?)reply.Json["session_id"], (string?)reply.Json["mode"]));
        Assert.Equal("anonymous", (string?)(await backend.GetAsync("/conversations/default")).Json["owner"]);
    }

    [Fact]
    public async Task Ask_MessageAndQuestion_MessageWins()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        await backend.AskAsync("""{"message":"M","question":"Q"}""", Routes.Advisor);
        await backend.AskAsync("""{"message":"","question":"Q"}""", Routes.Advisor);

        Assert.Equal(["M", "Q"], backend.Advisor.Prompts.Select(prompt => prompt.Message));
    }

    [Fact]
    public async Task Ask_Offline_SaysMinimalAndKeepsItsSourcesInAReplay()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync("""{"session_id":"notes","question":"The deploy key lives in the vault"}""", Routes.Advisor);
        var headers = new[] { ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293") };

        var first = await backend.AskAsync("""{"session_id":"other","question":"Where is the deploy key?"}""", Routes.Advisor, headers: headers);
        var replay = await backend.AskAsync("""{"session_id":"other","question":"Where is the deploy key?"}""", Routes.Advisor, headers: headers);

        Assert.Equal(("minimal", "none"), ((string?)first.Json["system_mode"], (string?)first.Json["authority"]));
        Assert.Equal("The deploy key lives in the vault", (string?)first.Json["sources"]![0]!["excerpt"]);
        Assert.Equal(first.Json["sources"]!.ToJsonString(), replay.Json["sources"]!.ToJsonString());
        Assert.True((bool?)replay.Json["meta"]!["replayed"]);
    }
}
