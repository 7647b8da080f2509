namespace ConversationHub.Testing.WireMock;

/// <summary>What WireMock needs from the machine: Java to run, npm to be fetched.</summary>
internal static class WireMockTools
{
    public static string? Java { get; } = Find("java", Environment.GetEnvironmentVariable("JAVA_HOME") is { Length: > 0 } home ? Path.Combine(home, "bin") : null);

    public static string? Npm { get; } = Find("npm", first: null);

    /// <summary>Why WireMock cannot run here; null when it can.</summary>
    public static string? MissingReason { get; } = (Java, Npm) switch
    {
        (null, null) => "WireMock tests need Java 11 or newer and npm on the PATH; neither is there.",
        (null, _) => "WireMock tests need Java 11 or newer on the PATH (or JAVA_HOME); it is not there.",
        (_, null) => "WireMock tests need npm on the PATH; it is not there.",
        _ => null,
    };

    private static string? Find(string name, string? first)
    {
        string[] names = OperatingSystem.IsWindows() ? [$"{name}.exe", $"{name}.cmd"] : [name];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Prepend(first).OfType<string>()
            .SelectMany(folder => names.Select(file => Path.Combine(folder, file)))
            .FirstOrDefault(File.Exists);
    }
}
