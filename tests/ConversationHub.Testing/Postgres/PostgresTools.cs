namespace ConversationHub.Testing.Postgres;

/// <summary>Where PostgreSQL comes from: a server named by <c>MAESTRA_TEST_DATABASE_URL</c>, else the machine's own programs, for a throw-away cluster.</summary>
public static class PostgresTools
{
    /// <summary>Why a test that makes a <see cref="PostgresCluster"/> of its own is skipped, or fails, where <see cref="Programs"/> is null.</summary>
    public const string NeedsPrograms = "needs Debian's postgresql";

    private const string DebianFolder = "/usr/lib/postgresql";

    /// <summary>A server whose user may create databases; null when none is named.</summary>
    public static string? ServerUrl { get; } =
        Environment.GetEnvironmentVariable("MAESTRA_TEST_DATABASE_URL") is { Length: > 0 } url ? url : null;

    /// <summary>Folder of <c>initdb</c> and <c>postgres</c>; the newest there is.</summary>
    public static string? Programs { get; } = Find();

    /// <summary>Why nothing can be tested against PostgreSQL here; null when it can.</summary>
    public static string? MissingReason { get; } = ServerUrl is null && Programs is null
        ? "PostgreSQL tests need Debian's postgresql or MAESTRA_TEST_DATABASE_URL; neither is there."
        : null;

    private static string? Find()
    {
        var debian = Directory.Exists(DebianFolder)
            ? Directory.GetDirectories(DebianFolder).OrderByDescending(static path => Path.GetFileName(path).PadLeft(4, '0'), StringComparer.Ordinal)
                .Select(static path => Path.Combine(path, "bin"))
            : [];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return debian.Concat(folders).FirstOrDefault(static folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }
}
