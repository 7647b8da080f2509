using System.Text;
using ConversationHub.Testing.Time;
using Maestra.Backend.Alerts;

namespace Maestra.Backend.Tests.Alerts;

/// <summary>What the operator is told, and how often (wire.md §11), on a manual clock.</summary>
public sealed class AlertPolicyTests
{
    private readonly ManualTimeProvider _time = new();
    private AlertState _state = AlertState.Start;

    [Fact]
    public void RequestFailed_Again_IsTold_OncePerTitleInFiveMinutes_T50()
    {
        Assert.Equal(["Request failed: 500 internal_error"], Tell(Failed(1)));
        _time.Advance(AlertPolicy.QuietPeriod - TimeSpan.FromSeconds(1));
        Assert.Empty(Tell(Failed(2)));
        Assert.Equal(["Cost limit reached: daily 5.00 USD"], Tell(new AlertSignal.CostLimited("daily 5.00 USD")));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["Request failed: 500 internal_error (request_id r-3, held_back 1)"], Tell(Failed(3), withFields: true));
        Assert.Empty(Tell(Failed(4)));
    }

    [Fact]
    public void RequestFailed_ThenQuiet_IsToldToBeOverOnce()
    {
        Tell(Failed(1));
        _time.Advance(TimeSpan.FromMinutes(4));
        Tell(Failed(2));
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(Tell(new AlertSignal.Tick()));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(["Recovered: Request failed: no request has failed for 5 minutes"], Tell(new AlertSignal.Tick()));
        Assert.Empty(Tell(new AlertSignal.Tick()));
    }

    [Fact]
    public void StartAndStop_AreTold_T50()
    {
        Assert.Equal(["Backend started: local 2.0.0"], Tell(new AlertSignal.Started("local", "2.0.0", "id")));
        Assert.Equal(["Backend stopping: no more questions are taken"], Tell(new AlertSignal.Stopping("id")));
    }

    [Theory]
    [InlineData(95, 5, false)]
    [InlineData(94, 6, true)]
    [InlineData(0, 19, false)]
    [InlineData(0, 20, true)]
    public void ErrorRate_AboveFivePercentOfEnoughAsks_IsTold_T50(int good, int bad, bool told)
    {
        Asks(good, 200, 10);
        Asks(bad, 502, 10);

        Assert.Equal(told, Tell(new AlertSignal.Tick()).Any(alert => alert.StartsWith("High error rate", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    public void Latency_AboveOneSecondOnAverage_IsTold_T50(int latencyMs, bool told)
    {
        Asks(AlertPolicy.MinAsks, 200, latencyMs);

        Assert.Equal(told, Tell(new AlertSignal.Tick()).Any(alert => alert.StartsWith("High latency", StringComparison.Ordinal)));
    }

    [Fact]
    public void Conditions_ComeAndGo_AreToldOnceEachAndTheirEndToo()
    {
        Asks(AlertPolicy.MinAsks, 500, 2000);

        Assert.Equal(
            ["High error rate: 100.0 % of 20 asks failed in the last 5 minutes", "High latency: 2000 ms on average over 20 asks in the last 5 minutes"],
            Tell(new AlertSignal.Tick()));
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(Tell(new AlertSignal.Tick()));
        Asks(AlertPolicy.MinAsks, 200, 10);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(
            ["Recovered: High error rate: back below its threshold", "Recovered: High latency: back below its threshold"], Tell(new AlertSignal.Tick()));
        Assert.Empty(Tell(new AlertSignal.Tick()));
    }

    /// <summary>A condition within the quiet period of its title is looked at every 30 seconds and is one alert.</summary>
    [Fact]
    public void Condition_HeldBack_CountsOnceHoweverOftenItIsLookedAt()
    {
        Begin();
        Assert.Single(Tell(new AlertSignal.Tick()));
        End();

        // Twice more within the quiet period: one that is over before it ends, and one that is still there then.
        Begin();
        Look(3);
        End();
        Begin();
        Look(2);
        _time.Advance(AlertPolicy.QuietPeriod);
        Begin();

        Assert.Equal(["High error rate: 100.0 % of 20 asks failed in the last 5 minutes (held_back 1)"], Tell(new AlertSignal.Tick(), withFields: true));
        Assert.Empty(Tell(new AlertSignal.Tick()));

        void Begin() => _state = _state with { Window = [new AskSlice(_time.Elapsed, AlertPolicy.MinAsks, AlertPolicy.MinAsks, 0)] };

        void End()
        {
            _state = _state with { Window = [] };
            Tell(new AlertSignal.Tick());
        }

        void Look(int times)
        {
            for (var look = 0; look < times; look++)
                Assert.Empty(Tell(new AlertSignal.Tick()));
        }
    }

    [Fact]
    public void Callers_WhoHungUp_AreNoErrors()
    {
        Asks(AlertPolicy.MinAsks, 499, 10);

        Assert.Empty(Tell(new AlertSignal.Tick()));
    }

    [Fact]
    public void State_AfterManyAsks_IsBoundedByItsWindow()
    {
        for (var i = 0; i < 10_000; i++)
        {
            Asks(1, 200, 10);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_state.Window.Count, 1, 31);
    }

    [Fact]
    public void Message_OfTheSpecification_IsTheSame_T50()
    {
        var message = SlackMessage.Of(
            new Alert(AlertLevel.Error, "Request failed", "500 internal_error", [new AlertField("request_id", "7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11")]),
            DateTimeOffset.FromUnixTimeSeconds(1767605400));

        Assert.Equal(
            """{"attachments":[{"color":"#ff0000","title":"Request failed","text":"500 internal_error","fields":[{"title":"request_id","value":"7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11","short":true}],"footer":"Maestra Backend","ts":1767605400}]}""",
            Encoding.UTF8.GetString(message));
    }

    private static AlertSignal.RequestFailed Failed(int number) => new(500, "internal_error", $"r-{number}");

    private void Asks(int count, int status, double latencyMs)
    {
        for (var i = 0; i < count; i++)
            Tell(new AlertSignal.AskFinished(status, latencyMs));
    }

    private List<string> Tell(AlertSignal signal, bool withFields = false)
    {
        var decision = AlertPolicy.Decide(_state, signal, _time.Elapsed);
        _state = decision.State;
        return [.. decision.Alerts.Select(alert => $"{alert.Title}: {alert.Text}"
            + (withFields ? $" ({string.Join(", ", alert.Fields.Select(field => $"{field.Title} {field.Value}"))})" : ""))];
    }
}
