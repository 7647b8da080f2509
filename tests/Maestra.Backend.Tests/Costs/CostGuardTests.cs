using System.Net;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using Maestra.Backend.Costs;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Providers;

namespace Maestra.Backend.Tests.Costs;

/// <summary>The limits on spending, seen from outside (wire.md §8). A reply may cost 1.00 USD here, and costs 0.001.</summary>
public sealed class CostGuardTests : IDisposable
{
    private readonly TemporaryFolder _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task Ask_OverTheDailyLimit_Is429WithLimitAndWait_T47()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "1.00"));
        rig.First.Behaviour = Chaos.Respond(ModelRig.Completion("Paid."));
        (string, string)[] key = [("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-000000000001")];

        var exactlyAt = await rig.Backend.AskAsync(TestBackend.Question(conversation: "c"), headers: key);
        var over = await rig.Backend.AskAsync(TestBackend.Question());
        var replayed = await rig.Backend.AskAsync(TestBackend.Question(conversation: "c"), headers: key);

        Assert.Equal((HttpStatusCode.OK, 0.001m), (exactlyAt.Status, (decimal)exactlyAt.Json["meta"]!["cost_usd"]!));
        Assert.Equal((HttpStatusCode.TooManyRequests, "cost_limit_exceeded"), (over.Status, over.Code));
        var midnight = new DateTimeOffset(rig.Backend.Time.GetUtcNow().UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        Assert.Equal(Math.Ceiling((midnight - rig.Backend.Time.GetUtcNow()).TotalSeconds), double.Parse(over.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal($"The daily cost limit of 1.00 USD does not allow this question; it resets at {midnight:yyyy-MM-dd}T00:00:00.000000Z", (string?)over.Json["detail"]);
        Assert.True((bool)replayed.Json["meta"]!["replayed"]!);
        Assert.Single(rig.First.Requests);
    }

    [Fact]
    public async Task Ask_OverTheLimit_IsRefusedUntilMidnightUtc_T47()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "1.0005"), ("MAESTRA_MONTHLY_COST_LIMIT", "none"));
        rig.First.Behaviour = Chaos.Respond(ModelRig.Completion("Paid."));
        await rig.Backend.AskAsync(TestBackend.Question());
        Assert.Equal("cost_limit_exceeded", (await rig.Backend.AskAsync(TestBackend.Question())).Code);

        rig.Backend.Time.Advance(TimeSpan.FromDays(1) - rig.Backend.Time.GetUtcNow().TimeOfDay);

        Assert.Equal(HttpStatusCode.OK, (await rig.Backend.AskAsync(TestBackend.Question())).Status);
    }

    [Fact]
    public async Task Ask_OverTheMonthlyLimit_Is429_T47()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "none"), ("MAESTRA_MONTHLY_COST_LIMIT", "0.5"));

        var over = await rig.Backend.AskAsync(TestBackend.Question());

        Assert.Equal("cost_limit_exceeded", over.Code);
        Assert.StartsWith("The monthly cost limit of 0.5 USD", (string?)over.Json["detail"], StringComparison.Ordinal);
        Assert.Empty(rig.First.Requests);
    }

    /// <summary>What is refused before work begins is an ordinary status code also for whoever streams (wire.md §2.1).</summary>
    [Fact]
    public async Task Ask_OverTheLimitWithAStream_IsAnOrdinary429_T47()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "0.5"));

        using var stream = await StreamedReply.AskAsync(rig.Backend, TestBackend.Question());

        Assert.Equal((HttpStatusCode.TooManyRequests, "application/json"), (stream.Status, stream.MediaType));
    }

    /// <summary>T47: parallel asks cannot overspend: as many reach the model as the limit holds, the others are refused while those still run.</summary>
    [Fact]
    public async Task Ask_ManyAtOnce_CannotOverspend_T47()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "3.50"));
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.First.Behaviour = Chaos.RespondWhen(release.Task, ModelRig.Completion("Paid."));

        var asks = Enumerable.Range(0, 12).Select(n => rig.Backend.AskAsync(TestBackend.Question($"Question {n}?"))).ToList();
        var refused = new List<Reply>();
        while (refused.Count < 9)
        {
            var done = await Task.WhenAny(asks).WaitAsync(TestTimeouts.Signal);
            asks.Remove(done);
            refused.Add(await done);
        }

        release.SetResult();
        var answered = await Task.WhenAll(asks).WaitAsync(TestTimeouts.Signal);
        Assert.All(refused, reply => Assert.Equal("cost_limit_exceeded", reply.Code));
        Assert.All(answered, reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        Assert.Equal(3, rig.First.Requests.Count);
        Assert.Equal(0.003m, Stored(rig).Today);
    }

    /// <summary>A call that was given up may have been worked on: what was set aside for it stays spent.</summary>
    [Fact]
    public async Task Ask_GivenUpWhileTheModelWorks_StaysSpent_T47()
    {
        await using (var rig = await StartAsync())
        {
            rig.First.Behaviour = Chaos.StallBeforeHeaders;
            var asking = rig.Backend.AskAsync(TestBackend.Question(), headers: [("X-Deadline-Ms", "900")]);
            await rig.First.RequestAsync(1);
            rig.Backend.Time.Advance(TimeSpan.FromMilliseconds(900));
            Assert.Equal("deadline_exceeded", (await asking).Code);
            await rig.First.ClosedByClientAsync();
        }

        Assert.Equal(1.00m, Stored().Sum());
    }

    /// <summary>A refusal costs nothing, and is taken back from the tracker.</summary>
    [Fact]
    public async Task Ask_ProviderRefuses_CostsNothing_T47()
    {
        await using var rig = await StartAsync();
        rig.First.Behaviour = Chaos.Respond(CannedResponse.Text(500, ""));

        await rig.Backend.AskAsync(TestBackend.Question());

        Assert.Equal(0, Stored(rig).Today);
    }

    /// <summary>A model that costs nothing answers when the paid one may not be asked, and the caller is told who it was.</summary>
    [Fact]
    public async Task Ask_OverTheLimitWithAFreeModelBehind_IsAnsweredByThat()
    {
        await using var rig = await StartAsync(("MAESTRA_DAILY_COST_LIMIT", "0"), (SettingNames.LlmFallback, "anthropic"));
        rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("For nothing."));

        var reply = await rig.Backend.AskAsync(TestBackend.Question());

        Assert.Equal(("For nothing.", "anthropic", 0m), ((string?)reply.Json["reply"], (string?)reply.Json["meta"]!["provider"], (decimal)reply.Json["meta"]!["cost_usd"]!));
        Assert.Empty(rig.First.Requests);
    }

    [Fact]
    public async Task Ask_TrackerCannotBeRead_NothingIsSpent()
    {
        await using var rig = await StartAsync();
        rig.First.Behaviour = Chaos.Respond(ModelRig.Completion("Paid."));
        await rig.Backend.AskAsync(TestBackend.Question());
        await File.WriteAllTextAsync(Path.Combine(_state.Path, CostFile.Name), "{ torn");

        var reply = await rig.Backend.AskAsync(TestBackend.Question());

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "store_unavailable"), (reply.Status, reply.Code));
        Assert.Single(rig.First.Requests);
    }

    private CostTotals Stored(ModelRig rig) => Book().Totals(DateOnly.FromDateTime(rig.Backend.Time.GetUtcNow().UtcDateTime));

    private List<decimal> Stored()
    {
        using var document = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(_state.Path, CostFile.Name)));
        return [.. document.RootElement.EnumerateObject().Where(member => char.IsDigit(member.Name[0])).Select(member => member.Value.GetDecimal())];
    }

    private CostBook Book() => CostBook.Parse(File.ReadAllBytes(Path.Combine(_state.Path, CostFile.Name)), out _)!;

    private Task<ModelRig> StartAsync(params (string Name, string Value)[] settings) => ModelRig.StartAsync(
    [
        (SettingNames.LlmFallback, "none"), (SettingNames.StateRoot, _state.Path), (SettingNames.LlmMaxTokens, "100000"),
        (SettingNames.LlmPriceInput, "0"), (SettingNames.LlmPriceOutput, "10"), .. settings,
    ]);
}
