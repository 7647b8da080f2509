using System.Diagnostics;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>What the disk takes for one small durable write: the floor of everything the store promises.</summary>
internal static class SyncCost
{
    private const int Writes = 300;

    public static Samples Measure(string folder)
    {
        var block = new byte[400];
        using var file = File.OpenHandle(Path.Combine(folder, "sync-cost"), FileMode.Create, FileAccess.Write);
        var samples = new List<TimeSpan>(Writes);
        for (var i = 0; i < Writes; i++)
        {
            var started = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, block, (long)i * block.Length);
            RandomAccess.FlushToDisk(file);
            samples.Add(Stopwatch.GetElapsedTime(started));
        }

        return new Samples(samples);
    }
}
