namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Rows of the wall that belong together.</summary>
internal sealed class ScenarioTable(params Scenario[] rows)
{
    public TheoryData<string> Names => [.. rows.Select(row => row.Name)];

    /// <summary>Runs one row against the real program and scores it. A row that failed while this process was held up is run again.</summary>
    public Task RunAsync(string name)
    {
        var scenario = rows.Single(row => row.Name == name);
        return Pace.ProveAsync(async () =>
        {
            await using var wall = new WallRig(scenario.Local, scenario.Cloud);
            WallScore.Check(scenario, await wall.RunAsync(scenario));
        });
    }
}
