using System.Diagnostics;
using Maestra.Backend.Keys;

namespace ConversationHub.Benchmarks.Access;

/// <summary>
/// Does the time of a key comparison tell anything of the key? Two kinds of key, interleaved at random, and Welch's t between their times:
/// below 4.5 nothing can be told apart (the threshold of leakage tests such as dudect). A comparison that stops at the first
/// difference runs beside it as a control, and must exceed it: otherwise the measurement would see nothing at all.
/// </summary>
internal static class KeyTiming
{
    public const double Threshold = 4.5;
    private const int Keys = 64;
    private const int WarmUp = 50_000;

    /// <summary>Above this share of all times lie interruptions by the system, which say nothing of the comparison.</summary>
    private const double Kept = 0.9;

    private const string Right = "mk_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_aBcDe";
    private static readonly string WrongAtOnce = "X" + Right[1..];
    private static readonly string WrongInTheMiddle = Right[..20] + "X" + Right[21..];
    private static readonly string WrongAtTheEnd = Right[..^1] + "X";

    /// <returns>0 when the comparison tells nothing and the control does.</returns>
    public static int Run(int trials, TextWriter output)
    {
        var entries = Enumerable.Range(0, Keys - 1).Select(number => new KeyEntry(KeyOwner.All, KeyRing.Digest($"another key, number {number}")));
        var ring = new KeyRing([new KeyEntry(KeyOwner.All, KeyRing.Digest(Right)), .. entries]);
        var rows = new (string Name, string First, string Second, Func<string, bool> Compare, bool MustTell)[]
        {
            ("wrong at the first character, or at the last", WrongAtOnce, WrongAtTheEnd, key => ring.Find(key) is not null, false),
            ("wrong, or right and first of 64", WrongAtTheEnd, Right, key => ring.Find(key) is not null, false),
            ("wrong, or wrong elsewhere", WrongAtTheEnd, WrongInTheMiddle, key => ring.Find(key) is not null, false),
            ("control, stops early: first, or last", WrongAtOnce, WrongAtTheEnd, StopsEarly, true),
        };
        output.WriteLine("| keys compared | mean ns | mean ns | Welch's t | |");
        output.WriteLine("|---|---|---|---|---|");
        var failures = 0;
        foreach (var row in rows)
        {
            var (first, second, t) = Measure(row.First, row.Second, row.Compare, trials);
            var isRight = Math.Abs(t) > Threshold == row.MustTell;
            failures += isRight ? 0 : 1;
            output.WriteLine(FormattableString.Invariant($"| {row.Name} | {first:F1} | {second:F1} | {t:F2} | {(isRight ? "as it must" : "NOT as it must")} |"));
        }

        return failures == 0 ? 0 : 1;
    }

    private static (double First, double Second, double T) Measure(string first, string second, Func<string, bool> compare, int trials)
    {
        // Copies of one shape each: the place of a string in memory must not tell the kinds apart.
        string[] keys = [new(first), new(second)];
        var random = new Random(8825);
        var times = new long[2][];
        var counts = new int[2];
        times[0] = new long[trials];
        times[1] = new long[trials];
        for (var trial = -WarmUp; trial < trials; trial++)
        {
            var kind = random.Next(2);
            var started = Stopwatch.GetTimestamp();
            compare(keys[kind]);
            var elapsed = Stopwatch.GetTimestamp() - started;
            if (trial >= 0)
                times[kind][counts[kind]++] = elapsed;
        }

        // One limit for both kinds, taken from all times together, so that cutting favours neither.
        var limit = times[0].Take(counts[0]).Concat(times[1].Take(counts[1])).Order().ElementAt((int)((counts[0] + counts[1]) * Kept));
        var (one, other) = (Moments(times[0].AsSpan(0, counts[0]), limit), Moments(times[1].AsSpan(0, counts[1]), limit));
        var t = (one.Mean - other.Mean) / Math.Sqrt((one.Variance / one.Count) + (other.Variance / other.Count));
        var nanoseconds = 1e9 / Stopwatch.Frequency;
        return (one.Mean * nanoseconds, other.Mean * nanoseconds, t);
    }

    private static (double Mean, double Variance, int Count) Moments(ReadOnlySpan<long> times, long limit)
    {
        var (count, mean, squares) = (0, 0.0, 0.0);
        foreach (var time in times)
        {
            if (time > limit)
                continue;
            count++;
            var delta = time - mean;
            mean += delta / count;
            squares += delta * (time - mean);
        }

        return (mean, squares / (count - 1), count);
    }

    /// <summary>What must not be done: as many loops as characters are right.</summary>
    private static bool StopsEarly(string key)
    {
        for (var index = 0; index < Right.Length; index++)
        {
            if (index >= key.Length || key[index] != Right[index])
                return false;
        }

        return key.Length == Right.Length;
    }
}
