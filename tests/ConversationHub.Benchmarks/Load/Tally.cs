using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Load;

/// <summary>What became of many requests. Thread-safe.</summary>
internal sealed class Tally
{
    private const int MaxSamples = 40_000_000;

    private readonly Lock _gate = new();
    private readonly List<TimeSpan> _answered = [];
    private readonly List<TimeSpan> _refused = [];

    public int Failed { get; private set; }

    /// <summary>Refusals that did not say when to come again.</summary>
    public int RefusedWithoutTime { get; private set; }

    /// <summary>Due when no connection was free: sent to nobody.</summary>
    public int Unsent { get; set; }

    public string? FirstFailure { get; private set; }

    public Samples Answered => Take(_answered);

    public Samples Refused => Take(_refused);

    public int AnsweredCount => Count(_answered);

    public int RefusedCount => Count(_refused);

    public void Add(HttpAnswer answer, TimeSpan took)
    {
        lock (_gate)
        {
            if (answer.Status == 503)
            {
                if (_refused.Count < MaxSamples)
                    _refused.Add(took);
                if (answer.RetryAfterSeconds is null)
                    RefusedWithoutTime++;
            }
            else if (answer.Status == 200)
            {
                if (_answered.Count < MaxSamples)
                    _answered.Add(took);
            }
            else
            {
                Fail_NeedsLock($"status {answer.Status}");
            }
        }
    }

    public void Fail(string why)
    {
        lock (_gate)
            Fail_NeedsLock(why);
    }

    private void Fail_NeedsLock(string why)
    {
        Failed++;
        FirstFailure ??= why;
    }

    private Samples Take(List<TimeSpan> samples)
    {
        lock (_gate)
            return new Samples([.. samples]);
    }

    private int Count(List<TimeSpan> samples)
    {
        lock (_gate)
            return samples.Count;
    }
}
