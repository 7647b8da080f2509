using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>Draws what happens to each question on its way to one backend. Thread-safe; the same seed draws the same sequence.</summary>
internal sealed class FaultDraw(int seed, Func<Uri> backend)
{
    private const int MaxBytes = 1_500;

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly SortedDictionary<string, int> _drawn = new(StringComparer.Ordinal);
    private ChaosBehaviour? _forNext;

    /// <summary>How often each was drawn.</summary>
    public string Summary
    {
        get
        {
            lock (_gate)
                return string.Join(", ", _drawn.Select(entry => $"{entry.Key} {entry.Value}"));
        }
    }

    /// <summary>What the next question meets, instead of what would have been drawn.</summary>
    public void Next(ChaosBehaviour behaviour)
    {
        lock (_gate)
            _forNext = behaviour;
    }

    public ChaosBehaviour Draw(RecordedRequest request)
    {
        lock (_gate)
        {
            // The hub's own health requests decide which backend it asks; some of them are lost, too.
            var behaviour = request.Method == "POST" ? DrawForQuestion() : _random.Next(100) < 5 ? Chaos.ResetAfterRead : Chaos.Relay(backend());
            var name = $"{request.Method} {behaviour.Name}";
            _drawn[name] = _drawn.GetValueOrDefault(name) + 1;
            return behaviour;
        }
    }

    private ChaosBehaviour DrawForQuestion()
    {
        if (_forNext is not { } chosen)
            return DrawAny();
        _forNext = null;
        return chosen;
    }

    private ChaosBehaviour DrawAny() => _random.Next(100) switch
    {
        < 62 => Chaos.Relay(backend()),
        < 68 => Chaos.ResetAfterRead,
        < 71 => Chaos.CloseAfterRead,
        < 77 => Chaos.PassThroughThenReset(backend()),
        < 83 => Chaos.RelayThenCut(backend(), _random.Next(1, MaxBytes), reset: true),
        < 87 => Chaos.RelayThenCut(backend(), _random.Next(1, MaxBytes), reset: false),
        < 90 => Chaos.RelayThenStall(backend(), _random.Next(1, MaxBytes)),
        < 91 => Chaos.StallBeforeHeaders,
        < 95 => Chaos.Twice(backend()),
        < 98 => Chaos.Respond(CannedResponse.Problem(503, "overloaded", "Too busy")),
        _ => Chaos.Garbage(),
    };
}
