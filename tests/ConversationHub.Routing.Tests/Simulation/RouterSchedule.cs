using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Routing.Tests.Simulation;

/// <summary>
/// One schedule of the router, its prober and two backends in virtual time: the seed decides weather, calls, cancellations and clock jumps.
/// The invariants are checked after every step; a broken one throws with the seed.
/// </summary>
internal sealed class RouterSchedule : IDisposable
{
    private const int Steps = 60;
    private const int MaxStepMilliseconds = 1_500;
    private static readonly TimeSpan Lateness = TimeSpan.FromMilliseconds(50);
    private static readonly SimulatedWeather[] Weathers = Enum.GetValues<SimulatedWeather>();

    private readonly int _seed;
    private readonly Random _random;
    private readonly ManualTimeProvider _time = new();
    private readonly SimulatedBackend _local;
    private readonly SimulatedBackend _cloud;
    private readonly ServiceProvider _services;
    private readonly IQuestionRouter _router;
    private readonly TargetSet _targets;
    private readonly AttemptRunner _runner;
    private readonly IdSource _ids;
    private readonly List<Call> _calls = [];
    private readonly StringBuilder _trace = new();

    // Questions that reached a backend after the other had refused them for good.
    private readonly HashSet<string> _resent = [];

    // Repeats at the same backend, and hedges: what spends tokens.
    private int _spent;

    public RouterSchedule(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _local = new SimulatedBackend("local", _time, _random);
        _cloud = new SimulatedBackend("cloud", _time, _random);
        _local.OnAsk = operation => NoteAsked(_local, _cloud, operation);
        _cloud.OnAsk = operation => NoteAsked(_cloud, _local, operation);
        _ids = new IdSource(_time, bytes => _random.NextBytes(bytes));
        var options = new RoutingOptions
        {
            LocalUrl = new Uri("http://127.0.0.1:8900"),
            CloudUrl = new Uri("https://maestra.example.com"),
            HedgeDelay = _random.Next(4) == 0 ? TimeSpan.FromMilliseconds(_random.Next(10, 3_000)) : null,
        };
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_time)
            .AddSingleton(new Random(seed))
            .AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>))
            .AddSingleton<Microsoft.Extensions.Logging.ILoggerFactory>(NullLoggerFactory.Instance)
            .AddRouting(options);
        services.AddHttpClient("local").ConfigurePrimaryHttpMessageHandler(() => _local);
        services.AddHttpClient("cloud").ConfigurePrimaryHttpMessageHandler(() => _cloud);
        _services = services.BuildServiceProvider();
        _router = _services.GetRequiredService<IQuestionRouter>();
        _targets = _services.GetRequiredService<TargetSet>();
        _runner = _services.GetRequiredService<AttemptRunner>();
    }

    /// <summary>Runs it to the end.</summary>
    /// <returns>What happened, the same for the same seed.</returns>
    public string Run()
    {
        for (var step = 0; step < Steps; step++)
        {
            Act();
            _time.Advance(TimeSpan.FromMilliseconds(_random.Next(1, MaxStepMilliseconds)));
            Check();
        }

        EndInFairWeather();
        return _trace.ToString();
    }

    public void Dispose()
    {
        foreach (var call in _calls)
            call.Cancel.Dispose();
        _local.Dispose();
        _cloud.Dispose();

        // The prober's loops end with the schedule's clock, which nobody moves any more: nothing is waited for.
        _services.DisposeAsync().AsTask();
    }

    private void Act()
    {
        switch (_random.Next(10))
        {
            case 0:
                _local.Weather = Weathers[_random.Next(Weathers.Length)];
                break;
            case 1:
                _cloud.Weather = Weathers[_random.Next(Weathers.Length)];
                break;
            case 2:
                _local.Weather = SimulatedWeather.Up;
                break;
            case 3:
                _time.WallOffset = TimeSpan.FromHours(_random.Next(-24, 25));
                break;
            case 4 when _calls.LastOrDefault(static call => !call.Asking.IsCompleted) is { } pending:
                pending.Cancel.Cancel();
                Require(pending.Asking.IsCompleted, "a cancelled call goes on");
                break;
            default:
                for (var calls = _random.Next(1, 5); calls > 0; calls--)
                    Ask(budget: TimeSpan.FromMilliseconds(_random.Next(100, 50_000)));
                break;
        }
    }

    private Call Ask(TimeSpan budget)
    {
        var cancel = new CancellationTokenSource();
        var question = new Question
        {
            Endpoint = AskEndpoint.Core,
            Body = "{}"u8.ToArray(),
            OperationId = _ids.NewOperationId(),
            RequestId = _ids.NewRequestId(),
            Budget = budget,
            Route = _random.Next(10) switch { 0 => Route.LocalOnly, 1 => Route.CloudOnly, _ => null },
        };
        var call = new Call(question, cancel, _time.Elapsed, _router.AskAsync(question, cancel.Token));
        _calls.Add(call);
        return call;
    }

    private void Check()
    {
        foreach (var call in _calls.Where(static call => !call.Checked))
        {
            if (!call.Asking.IsCompleted)
            {
                Require(_time.Elapsed <= call.Started + call.Question.Budget + Lateness + TimeSpan.FromMilliseconds(MaxStepMilliseconds), "an answer is overdue");
                continue;
            }

            call.Checked = true;
            if (!call.Asking.IsCanceled)
                CheckResult(call, call.Asking.GetAwaiter().GetResult());
        }

        CheckProbes(TargetName.Local, _local);
        CheckProbes(TargetName.Cloud, _cloud);

        // Of ten tokens none is spent below five, and an answer gives a tenth of one back.
        const int MostWithoutAnAnswer = 6;
        const int AnswersForAToken = 10;
        Require(
            _spent <= MostWithoutAnAnswer + ((_local.Answered + _cloud.Answered) / AnswersForAToken),
            $"{_spent} repeats and hedges with {_local.Answered + _cloud.Answered} answers");
    }

    /// <summary>One in flight for a backend, whatever else asks for its health: that is the patrol, for all questions that wait.</summary>
    private void CheckProbes(TargetName target, SimulatedBackend backend)
    {
        var ofThePatrol = _runner.PatrolOf(target).IsAskingHealth ? 1 : 0;
        var probes = backend.HealthInFlight - ofThePatrol;
        Require(probes <= 1, $"{probes} probes in flight at {target}");
    }

    private void CheckResult(Call call, RoutingResult result)
    {
        var operation = call.Question.OperationId.ToString();
        _trace.Append(operation.AsSpan(24)).Append(' ').AppendJoin(',', result.Attempts.Select(static attempt => attempt.Outcome.ToWire())).Append('\n');
        Require(result.Reply is null != result.Error is null, "neither or both of answer and error");
        Require(result.Error is null || result.Error.Code.Length > 0, "an error without a name");
        Require(result.Elapsed <= call.Question.Budget + Lateness, $"late by {result.Elapsed - call.Question.Budget}");
        Require(!_resent.Contains(operation), "a final refusal was asked again elsewhere");
        Require(_local.Asked.GetValueOrDefault(operation) <= 2 && _cloud.Asked.GetValueOrDefault(operation) <= 2, "asked a target more than twice");
        var reached = _local.Asked.GetValueOrDefault(operation) + _cloud.Asked.GetValueOrDefault(operation);
        Require(reached <= result.Attempts.Count(static attempt => attempt.Outcome is not (AttemptOutcome.SkippedOpen or AttemptOutcome.SkippedBudget)), "an attempt is not told");
        Require(reached == 0 || result.ServedBy is not null || result.MayHaveRun || result.Attempts.Any(static attempt => attempt.Status is not null), "a question that may have run is not told so");
    }

    /// <summary>No breaker sticks: in fair weather both close, and the local backend answers again.</summary>
    private void EndInFairWeather()
    {
        _local.Weather = SimulatedWeather.Up;
        _cloud.Weather = SimulatedWeather.Up;
        for (var second = 0; second < 120; second++)
        {
            if (second % 10 == 0)
                Ask(TimeSpan.FromSeconds(50));
            _time.Advance(TimeSpan.FromSeconds(1));
            Check();
        }

        Require(_targets.All.All(static board => !board.IsOpen), "a breaker is stuck: " + string.Join(", ", _targets.All.Select(static board => board.Record)));
        var last = Ask(TimeSpan.FromSeconds(50));
        _time.Advance(TimeSpan.FromSeconds(1));
        Require(last.Asking.IsCompletedSuccessfully && last.Asking.Result.ServedBy is not null, $"nobody answers in fair weather: {last.Asking.Status} {(last.Asking.IsCompletedSuccessfully ? last.Asking.Result : null)}");
    }

    private void NoteAsked(SimulatedBackend asked, SimulatedBackend other, string operation)
    {
        if (asked.Asked.ContainsKey(operation) || other.InFlight.Contains(operation))
            _spent++;
        if (other.RefusedForGood.Contains(operation))
            _resent.Add(operation);
    }

    private void Require(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException($"Seed {_seed}, at {_time.Elapsed}: {what}.");
    }

    private sealed record Call(Question Question, CancellationTokenSource Cancel, TimeSpan Started, Task<RoutingResult> Asking)
    {
        public bool Checked { get; set; }
    }
}
