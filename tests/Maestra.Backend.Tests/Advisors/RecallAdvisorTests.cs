using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Advisors;

public sealed class RecallAdvisorTests
{
    [Fact]
    public async Task Ask_SomethingStored_IsQuotedWithProviderOffline()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question("Remember: the deploy key lives in the vault", "notes"));

        var reply = await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "later"));

        Assert.Contains("You wrote in conversation notes (windsurf, 2026-01-05)", (string?)reply.Json["reply"], StringComparison.Ordinal);
        Assert.Contains("> Remember: the deploy key lives in the vault", (string?)reply.Json["reply"], StringComparison.Ordinal);
        var meta = reply.Json["meta"]!;
        Assert.Equal(("offline", "recall", 0, 0m), ((string?)meta["provider"], (string?)meta["model"], (int)meta["tokens"]!, (decimal)meta["cost_usd"]!));
    }

    /// <summary>Decision 45: the reply goes to peers with its own conversation.</summary>
    [Fact]
    public async Task Ask_SaidInAConversationThatIsKeptHere_IsQuotedThereAlone()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question("Remember: the deploy key lives in the vault", "notes"));
        Assert.Equal(200, (int)(await backend.PatchAsync("/conversations/notes", """{"add_tags":["local_only"]}""")).Status);

        Assert.DoesNotContain("vault", (await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "later"))).Text, StringComparison.Ordinal);
        Assert.Contains("vault", (await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "notes"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_NothingStored_SaysSo()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LlmProvider, "offline"));

        var reply = await backend.AskAsync(TestBackend.Question("Where is the deploy key?"));

        Assert.StartsWith("I found nothing about this", (string?)reply.Json["reply"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_FollowUpWithoutWordsOfItsOwn_UsesWhatWasAskedBefore()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question("The deploy key lives in the vault since Monday", "notes"));
        await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "later"));

        var reply = await backend.AskAsync(TestBackend.Question("Really?", "later"));

        Assert.Contains("> The deploy key lives in the vault since Monday", (string?)reply.Json["reply"], StringComparison.Ordinal);
        Assert.DoesNotContain("> Where is the deploy key?", (string?)reply.Json["reply"], StringComparison.Ordinal);
    }

    /// <summary>Nor there: the reply may leave the machine with the one user's model or peers.</summary>
    [Fact]
    public async Task Ask_InLocalMode_NeverQuotesAnotherUser()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question("The deploy key lives in the vault", "notes", "ada"));

        var reply = await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "b", "bob"));

        Assert.DoesNotContain("vault", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("昨日の会議で決めた規則は三つの段階で公開する。", "規則は何ですか")]
    [InlineData("发布分三个阶段进行，规则由团队决定。", "规则是什么？")]
    [InlineData("배포 규칙은 세 단계로 공개한다", "배포 규칙은?")]
    public async Task Ask_InAScriptWithoutSpaces_QuotesWhatWasSaid(string said, string question)
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question(said, "notes"));
        await backend.AskAsync(TestBackend.Question("今日は天気がいい。", "weather"));

        var reply = (string?)(await backend.AskAsync(TestBackend.Question(question, "later"))).Json["reply"];

        Assert.Contains($"> {said}", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("天気", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_InCloudMode_NeverQuotesAnotherUser()
    {
        await using var backend = await TestBackend.StartCloudAsync((SettingNames.LlmProvider, "offline"));
        await backend.AskAsync(TestBackend.Question("The deploy key lives in the vault", "notes", "ada"), key: TestBackend.AdaKey);

        var reply = await backend.AskAsync(TestBackend.Question("Where is the deploy key?", "b", "bob"), key: TestBackend.BobKey);

        Assert.DoesNotContain("vault", reply.Text, StringComparison.Ordinal);
    }
}
