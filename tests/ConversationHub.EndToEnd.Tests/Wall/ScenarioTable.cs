namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Rows of the wall that belong together.</summary>
internal sealed class ScenarioTable(params Scenario[] rows)
{
    public TheoryData<string> Names => [.. rows.Select(row => row.Name)];

    /// <summary>Runs one row against the real program and scores it.</summary>
    public async Task RunAsync(string name)
    {
        var scenario = rows.Single(row => row.Name == name);
        await using var wall = new WallRig(scenario.Local, scenario.Cloud);
        var report = await wall.RunAsync(scenario);
        WallScore.Check(scenario, report);
    }
}
