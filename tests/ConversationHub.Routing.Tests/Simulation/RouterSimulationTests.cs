using System.Globalization;

namespace ConversationHub.Routing.Tests.Simulation;

/// <summary>
/// Seeded schedules of the router in virtual time. <c>MAESTRA_SIMULATION_SCHEDULES</c> says how many (10,000 for the record),
/// <c>MAESTRA_SIMULATION_SEED</c> where to begin; a failure names the seed that replays it.
/// </summary>
public sealed class RouterSimulationTests
{
    private const int DefaultSchedules = 500;
    private const int DefaultSeed = 1;

    [Fact]
    public void Schedules_OfEverySeed_KeepTheInvariants() => OnAThreadOfItsOwn(static () =>
    {
        var first = Setting("MAESTRA_SIMULATION_SEED", DefaultSeed);
        var count = Setting("MAESTRA_SIMULATION_SCHEDULES", DefaultSchedules);
        for (var seed = first; seed < first + count; seed++)
        {
            using var schedule = new RouterSchedule(seed);
            schedule.Run();
        }
    });

    [Fact]
    public void Schedule_SameSeed_HappensTheSameWay() => OnAThreadOfItsOwn(static () =>
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            using var first = new RouterSchedule(seed);
            using var second = new RouterSchedule(seed);

            Assert.Equal(first.Run(), second.Run());
        }
    });

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    /// <summary>Without a synchronization context every continuation runs where the clock is moved, so that a seed decides everything.</summary>
    private static void OnAThreadOfItsOwn(Action run)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(run));
        thread.Start();
        thread.Join();
        Assert.True(failure is null, failure?.ToString());
    }
}
