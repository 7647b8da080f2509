namespace ConversationHub.Testing;

/// <summary>Finds the folder that holds the solution, from wherever the tests were built to.</summary>
public static class RepositoryRoot
{
    private const string Marker = "ConversationHubMcp.sln";

    public static string Path { get; } = Find();

    /// <summary>A path inside the repository, from its parts.</summary>
    public static string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, Marker)))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds {Marker}: run the tests from a clone.");
    }
}
