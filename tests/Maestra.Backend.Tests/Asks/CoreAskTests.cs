using System.Net;
using Maestra.Backend.Advisors;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Asks;

public sealed class CoreAskTests
{
    [Fact]
    public async Task Core_NewClientId_ReturnsThatIdAndAReply_T3()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(TestBackend.Question(conversation: "my-own-id"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("my-own-id", (string?)reply.Json["conversation_id"]);
        Assert.Equal("Scripted.", (string?)reply.Json["reply"]);
    }

    [Fact]
    public async Task Core_Answered_HasTheWholeEnvelopeWithItsTypes_T16()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(
            TestBackend.Question(), headers: [("X-Request-ID", "r-1"), ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")]);

        Assert.Equal(
            """{"reply":"Scripted.","mode":"advisor","conversation_id":"conv_2026-01-05_ada_406e64f1","source":"local","version":"2.0.0","artifacts":[],"actions":[],"""
            + "\"meta\":" + """{"latency_ms":0,"model":"scripted","tokens":3,"cost_usd":0.5,"request_id":"r-1","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","provider":"test","replayed":false}}""",
            reply.Text);
        Assert.Equal("r-1", reply.Headers["X-Request-ID"]);
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
        Assert.Equal("nosniff", reply.Headers["X-Content-Type-Options"]);
        Assert.Equal("application/json", reply.Headers["Content-Type"]);
    }

    [Fact]
    public async Task Core_SecondSurfaceWithTheSameId_GetsTheHistory_T5()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question("First?", "shared", surface: "windsurf"));

        var second = await backend.AskAsync(TestBackend.Question("Second?", "shared", surface: "browser_ext"));

        Assert.Equal("shared", (string?)second.Json["conversation_id"]);
        Assert.Equal(["First?", "Scripted."], backend.Advisor.Prompts[1].History.Select(message => message.Content));
        var document = (await backend.GetAsync("/conversations/shared")).Json;
        Assert.Equal("""["windsurf","browser_ext"]""", document["surfaces"]!.ToJsonString());
        Assert.Equal(4, document["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task Core_InCloudMode_KeepsTheIdAndSaysCloud_T8()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var reply = await backend.AskAsync(TestBackend.Question(conversation: "kept"), key: TestBackend.Key);

        Assert.Equal(("kept", "cloud"), ((string?)reply.Json["conversation_id"], (string?)reply.Json["source"]));
    }

    [Fact]
    public async Task Core_InTestMode_RepliesTheFixedText_T54()
    {
        await using var backend = await TestBackend.StartLocalAsync(
            (SettingNames.TestMode, "true"), (SettingNames.OpenAiKey, "sk-not-to-be-used"));

        var reply = await backend.AskAsync(TestBackend.Question());

        Assert.Equal("Maestra test reply.", (string?)reply.Json["reply"]);
        Assert.Equal(("test", "test"), ((string?)reply.Json["meta"]!["provider"], (string?)reply.Json["meta"]!["model"]));
    }

    [Fact]
    public async Task Core_SurfaceContext_ReachesTheAdvisorAndOnlyTwoFieldsAreStored()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        await backend.AskAsync("""
            {"user_id":"ada","surface_id":"windsurf","conversation_id":"c","message":"Why?","mode_hint":"tutorial",
             "surface_context":{"file_path":"src/Parser.cs","workspace":"parser","selection":"secret selection"}}
            """);

        var prompt = Assert.Single(backend.Advisor.Prompts);
        Assert.Equal(("tutorial", "secret selection"), (prompt.Mode, prompt.Context?.Selection));
        var document = await backend.GetAsync("/conversations/c");
        Assert.Contains("src/Parser.cs", document.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret selection", document.Text, StringComparison.Ordinal);
        Assert.Equal("tutorial", (string?)document.Json["messages"]![1]!["mode"]);
    }

    [Fact]
    public async Task Core_AnonymousInLocalMode_IsTheConfiguredUser()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.UserId, "grace"));

        await backend.AskAsync(TestBackend.Question(conversation: "c", user: "anonymous"));

        Assert.Equal("grace", (string?)(await backend.GetAsync("/conversations/c")).Json["owner"]);
    }

    [Fact]
    public async Task Core_ErasedConversation_Is410()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Store.Erased.Add(ConversationHub.Contracts.ConversationId.Parse("gone"));

        var ask = await backend.AskAsync(TestBackend.Question(conversation: "gone"));
        var read = await backend.GetAsync("/conversations/gone");

        Assert.Equal((HttpStatusCode.Gone, "conversation_erased"), (ask.Status, ask.Code));
        Assert.Equal((HttpStatusCode.Gone, "conversation_erased"), (read.Status, read.Code));
    }

    [Fact]
    public async Task Core_ProviderFails_Is502AndTheQuestionStaysAndIsRunAgain()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var headers = new[] { ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293") };
        backend.Advisor.Script = (_, _) => Task.FromResult<AdvisorOutcome>(
            new AdvisorOutcome.Failed(AdvisorFailure.Provider, "secret text of the provider"));

        var failed = await backend.AskAsync(TestBackend.Question(conversation: "c"), headers: headers);
        backend.Advisor.Script = (_, _) => Task.FromResult(ScriptedAdvisor.Answer("At last."));
        var repeated = await backend.AskAsync(TestBackend.Question(conversation: "c"), headers: headers);

        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (failed.Status, failed.Code));
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", (string?)failed.Json["operation_id"]);
        Assert.DoesNotContain("secret", failed.Text, StringComparison.Ordinal);
        Assert.Equal(("At last.", false), ((string?)repeated.Json["reply"], (bool?)repeated.Json["meta"]!["replayed"]));
        Assert.Equal(1, backend.Store.QuestionsStored);
        Assert.Equal(2, (await backend.GetAsync("/conversations/c")).Json["messages"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n ")]
    [InlineData("nul \0 inside")]
    public async Task Core_ReplyThatCannotBeStored_Is502(string text)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Advisor.Script = (_, _) => Task.FromResult(ScriptedAdvisor.Answer(text));

        var reply = await backend.AskAsync(TestBackend.Question());

        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (reply.Status, reply.Code));
    }

    [Fact]
    public async Task Tgif_Ask_ForcesModeAndSurface()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync("""{"user_id":"ada","message":"Plan my day","conversation_id":"t","mode_hint":"router","surface_id":7}""", "/tgif/ask");

        Assert.Equal("focus_coach", (string?)reply.Json["mode"]);
        Assert.Equal("""["tgif_brain"]""", (await backend.GetAsync("/conversations/t")).Json["surfaces"]!.ToJsonString());
    }

    [Fact]
    public async Task Core_Answered_LogsNeitherTextNorUser()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        await backend.AskAsync(TestBackend.Question("a-secret-message", user: "ada-lovelace"));

        Assert.Contains("1001 Ask answered", backend.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret-message", backend.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("ada-lovelace", backend.Log, StringComparison.Ordinal);
        Assert.Matches("user u_[0-9a-f]{16}", backend.Log);
    }
}
