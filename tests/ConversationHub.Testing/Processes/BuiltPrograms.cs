namespace ConversationHub.Testing.Processes;

/// <summary>
/// Where the programs are: what the environment names (<c>MAESTRA_TEST_HUB</c>, <c>MAESTRA_TEST_BACKEND</c>: an
/// executable, for instance a published one, absolute or from the root of the repository), else what was built beside
/// the test in the same configuration.
/// </summary>
public static class BuiltPrograms
{
    public static string Hub => Find("MAESTRA_TEST_HUB", "ConversationHub.Mcp", "conversation-hub-mcp");

    public static string HubOverHttp => Find("MAESTRA_TEST_HUB_HTTP", "ConversationHub.McpHttp", "conversation-hub-mcp-http");

    public static string Backend => Find("MAESTRA_TEST_BACKEND", "Maestra.Backend", "maestra-backend");

    private static string Find(string variable, string project, string name)
    {
        var suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var path = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named
            ? RepositoryRoot.Combine(named)
            : RepositoryRoot.Combine("artifacts", "bin", project, configuration, name + suffix);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"{path} is not there: build src/{project}, or name the executable in {variable}.", path);
    }
}
