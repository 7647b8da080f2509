namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Rows of the wall that belong together.</summary>
internal sealed class ScenarioTable(params Scenario[] rows)
{
    public TheoryData<string> Names => [.. rows.Select(row => row.Name)];

    /// <summary>How often a row is run at most.</summary>
    private const int MaxRuns = 4;

    /// <summary>Runs one row against the real program and scores it. A row that failed while this process was held up is run again.</summary>
    public async Task RunAsync(string name)
    {
        var scenario = rows.Single(row => row.Name == name);
        var run = 1;
        while (!await HoldsAsync(scenario, isLast: run == MaxRuns))
            run++;
    }

    private static async Task<bool> HoldsAsync(Scenario scenario, bool isLast)
    {
        await using var pace = new Pace();
        await using var wall = new WallRig(scenario.Local, scenario.Cloud);
        var report = await wall.RunAsync(scenario);
        try
        {
            WallScore.Check(scenario, report);
            return true;
        }
        catch (Xunit.Sdk.XunitException) when (pace.WasHeldUp && !isLast)
        {
            // Nothing was proven, either way.
            return false;
        }
    }
}
