using System.Globalization;
using Xunit.Abstractions;

namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>
/// Whatever happens between three backends: after quiet they are equal, nothing acknowledged is lost, nothing erased is shown,
/// and no vector covers what is not durable (issue 7). <c>MAESTRA_SYNC_SCHEDULES=10000</c> is the long form;
/// <c>MAESTRA_SYNC_SEED</c> is where it begins.
/// </summary>
public sealed class SyncSimulationTests(ITestOutputHelper output)
{
    private const int SchedulesInCi = 500;

    [Fact]
    public async Task Simulation_AnySchedule_EndsEqualWithNothingLostAndNothingErasedShown()
    {
        var schedules = Number("MAESTRA_SYNC_SCHEDULES", SchedulesInCi);
        var first = Number("MAESTRA_SYNC_SEED", 1);
        var (acknowledged, lost) = (0, 0);
        var failures = new SortedDictionary<int, string>();
        await Parallel.ForEachAsync(Enumerable.Range(first, schedules), async (seed, _) =>
        {
            await using var simulation = new SyncSimulation(seed);
            try
            {
                await simulation.RunAsync();
                Interlocked.Add(ref acknowledged, simulation.Outcome.Acknowledged);
                Interlocked.Add(ref lost, simulation.Outcome.LostByTheEarlierRule);
            }
#pragma warning disable CA1031 // Each is told with its seed, and the other schedules go on.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                lock (failures)
                    failures.Add(seed, failure.ToString());
            }
        });

        output.WriteLine(
            $"{schedules} schedules from seed {first}: {acknowledged} messages acknowledged, {failures.Count} schedules failed; "
            + $"whole-conversation last-write-wins would have lost {lost}.");
        Assert.True(
            failures.Count == 0,
            string.Join("\n\n", failures.Select(static one => $"Replay with MAESTRA_SYNC_SEED={one.Key} MAESTRA_SYNC_SCHEDULES=1: {one.Value}")));
        Assert.True(acknowledged > 0);
    }

    private static int Number(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : fallback;
}
