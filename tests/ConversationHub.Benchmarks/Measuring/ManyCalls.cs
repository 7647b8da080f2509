using System.Diagnostics;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>Many calls with so many under way at any time.</summary>
internal static class ManyCalls
{
    public static async Task<double> PerSecondAsync(Func<Task> call, int calls, int inFlight)
    {
        var left = calls;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await call();
        }));
        return calls / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
