using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>Costs of the real backend over kills and restarts (wire.md §8): a reply may cost 1.00 USD here, and costs 0.001.</summary>
public sealed class CostContractTests(WireMockServer model) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Completions = "/v1/chat/completions";

    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync()
    {
        model.Reset();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Ask_KilledAfterAReplyAndWithinACall_WhatWasOrMayHaveBeenSpentStillCounts_T47()
    {
        model.Stub("POST", Completions, 200, Completion());
        await using (var backend = await StartAsync("1.50"))
        using (var caller = new BackendCaller(backend.Url))
        {
            Assert.Equal(HttpStatusCode.OK, (await caller.AskAsync(BackendCaller.Question("Paid?", "c"))).Status);
            await backend.KillAsync();
        }

        Assert.Equal(0.001m, Spent());
        model.Reset();
        model.StubSilence("POST", Completions);
        await using (var backend = await StartAsync("1.50"))
        using (var caller = new BackendCaller(backend.Url))
        {
            var asking = caller.AskAsync(BackendCaller.Question("Paid?", "c"));
            await model.RequestAsync(1);
            await backend.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => asking);
        }

        Assert.Equal(1.001m, Spent());
        await using (var backend = await StartAsync("1.50"))
        using (var caller = new BackendCaller(backend.Url))
        {
            var over = await caller.AskAsync(BackendCaller.Question("Paid?", "c"));
            Assert.Equal((HttpStatusCode.TooManyRequests, "cost_limit_exceeded"), (over.Status, over.Body.String("code")));
            Assert.Single(model.Requests);
        }
    }

    [Fact]
    public async Task Start_TrackerIsDamaged_IsRefusedWithItsPathAndWhatToDo()
    {
        var state = Directory.CreateDirectory(Path.Combine(_folder.Path, "state")).FullName;
        var file = Path.Combine(state, "maestra_cost_tracker.json");
        await File.WriteAllTextAsync(file, "{ torn");

        await using var program = RunningProgram.Start(BackendProcess.Describe("local", _folder.Path, 0, Settings("1.00")));
        var code = await program.ExitAsync();

        Assert.Equal(4, code);
        Assert.Contains(file, program.ErrorText, StringComparison.Ordinal);
        Assert.Equal("{ torn", await File.ReadAllTextAsync(file));
    }

    /// <summary>Nothing outside is opened, whatever keys and addresses are set.</summary>
    [Fact]
    public async Task Ask_TestMode_GivesTheFixedReplyAndCallsNobody_T54()
    {
        await using var backend = await BackendProcess.StartAsync(
            "local", _folder.Path, settings: [("TEST_MODE", "true"), ("ANTHROPIC_API_KEY", "a"), ("ANTHROPIC_BASE_URL", model.Url.ToString()), .. Settings("1.00")]);
        using var caller = new BackendCaller(backend.Url);

        var reply = (await caller.AskAsync(BackendCaller.Question("Anyone?"))).Body;

        Assert.Equal(("Maestra test reply.", "test", "test", 0m), (
            reply.String("reply"), reply["meta"]!.AsObject().String("provider"), reply["meta"]!.AsObject().String("model"), reply["meta"]!["cost_usd"]!.GetValue<decimal>()));
        Assert.Empty(model.Requests);
    }

    private Task<BackendProcess> StartAsync(string dailyLimit) => BackendProcess.StartAsync("local", _folder.Path, settings: Settings(dailyLimit));

    private (string Name, string Value)[] Settings(string dailyLimit) =>
    [
        ("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", new Uri(model.Url, "/v1").ToString()), ("LLM_MAX_TOKENS", "100000"),
        ("LLM_PRICE_INPUT", "0"), ("LLM_PRICE_OUTPUT", "10"), ("MAESTRA_DAILY_COST_LIMIT", dailyLimit),
    ];

    private decimal Spent()
    {
        var tracker = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.Path, "state", "maestra_cost_tracker.json")))!.AsObject();
        return tracker.Where(day => char.IsDigit(day.Key[0])).Sum(day => day.Value!.GetValue<decimal>());
    }

    private static JsonObject Completion() => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1,
        ["model"] = "stub-model",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = "Paid." },
            ["finish_reason"] = "stop",
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 1000, ["completion_tokens"] = 100, ["total_tokens"] = 1100 },
    };
}
